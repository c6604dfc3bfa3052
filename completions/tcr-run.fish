# fish completion for tcr-run(1)

# The words before the cursor, without the program's own. Every condition below asks for them: no
# process is started for it.
function __tcr_run_words
    set -l words (commandline -opc)
    set -e words[1]
    set -q words[1]; and printf '%s\n' $words
end

# True while no `--` was typed.
function __tcr_run_before_command
    not contains -- -- (__tcr_run_words)
end

# True if the subcommand is one of these; without arguments, if there is none.
function __tcr_run_in
    __tcr_run_before_command; or return
    set -l words (__tcr_run_words)
    if test (count $argv) -eq 0
        not set -q words[1]; or string match -q -- '-*' $words[1]
    else
        set -q words[1]; and contains -- $words[1] $argv
    end
end

# True behind `keys VERB` with one of these verbs.
function __tcr_run_verb
    set -l words (__tcr_run_words)
    __tcr_run_in keys; and set -q words[2]; and contains -- $words[2] $argv
end

# True behind `gateway VERB` with one of these verbs.
function __tcr_run_of_gateway
    set -l words (__tcr_run_words)
    __tcr_run_in gateway; and set -q words[2]; and contains -- $words[2] $argv
end

# The same for `gateway start` or without a verb.
function __tcr_run_starts
    set -l words (__tcr_run_words)
    __tcr_run_of_gateway start $argv; and return
    __tcr_run_in gateway; and begin
        not set -q words[2]; or string match -q -- '-*' $words[2]
    end
end

# True behind `gateway users VERB` with one of these verbs.
function __tcr_run_of_users
    set -l words (__tcr_run_words)
    __tcr_run_of_gateway users; and set -q words[3]; and contains -- $words[3] $argv
end

# Options of a run: without a subcommand, or behind explain.
function __tcr_run_in_run
    __tcr_run_in; or __tcr_run_in explain
end

# What says which keys are meant, so that names come from the same file.
function __tcr_run_keys_file
    set -l words (__tcr_run_words)
    for i in (seq (count $words))
        switch $words[$i]
            case -f --keys
                test $words[1] = log; and continue
                set -q words[(math $i + 1)]; and printf '%s\n' --keys (string replace -r '^~/' "$HOME/" -- $words[(math $i + 1)])
            case '--keys=*'
                printf '%s\n' --keys (string replace -- --keys= '' $words[$i])
        end
    end
end

# A sealed file is none to be asked a passphrase for now: no file is one that cannot be read. What
# is read from a message is read as JSON, which has it on one line.
function __tcr_run_ask
    test -n "$TCR_PASSPHRASE_FILE"; or set -lx TCR_PASSPHRASE_FILE /dev/null
    set -lx TCR_LOG_FORMAT json
    tcr-run $argv (__tcr_run_keys_file)
end

function __tcr_run_key_names
    __tcr_run_ask keys list --json 2>/dev/null | string replace -rf '^\s*"name":\s*"(.*)",?$' '$1'
end

function __tcr_run_user_names
    __tcr_run_ask gateway users list --json 2>/dev/null | string replace -rf '^\s*"name":\s*"(.*)",?$' '$1'
end

# Asked for a profile that does not exist, tcr-run says which there are.
function __tcr_run_profile_names
    __tcr_run_ask keys list --profile '' 2>&1 >/dev/null | string replace -rf '.*there is no profile \\\\"\\\\"; there are: ([^"]*)".*' '$1' | string split ', '
end

set -g __tcr_run_classes limit throttled auth forbidden billing server network

# The classes, each with this suffix, also behind a comma of a list: those that it lacks.
function __tcr_run_class_list -a suffix
    set -l typed (string replace -r '^--[a-z-]+=' '' -- (commandline -ct))
    set -l before (string replace -rf '^(.*,)[^,]*$' '$1' -- $typed)
    set -l given (string split , -- $before | string replace -r '=.*' '')
    for class in $__tcr_run_classes
        contains -- $class $given; or printf '%s\n' "$before$class$suffix"
    end
end

# The wrapped command's own completion.
function __tcr_run_command
    set -l words (commandline -opc)
    set -l dashes (contains -i -- -- $words); or return
    complete -C (string join ' ' -- (string escape -- $words[(math $dashes + 1)..-1]) (commandline -ct))
end

complete -c tcr-run -f
complete -c tcr-run -n 'not __tcr_run_before_command' -a '(__tcr_run_command)'

complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a status -d 'The keys and what is known of them'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a log -d 'What happened, newest last'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a usage -d 'What requests through gateways took'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a keys -d 'List and change the keys'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a doctor -d 'What is broken, and how to fix it'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a reset -d 'Forget cooldowns and failures'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a gateway -d 'Serve programs that send their requests to it'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a explain -d 'What a run would do, without running it'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a setup -d 'Let a program find the gateway'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a classify -d 'How a run would judge this output'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a help -d 'Show the options'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -a version -d 'Show the version'
complete -c tcr-run -n '__tcr_run_in help; and test (count (__tcr_run_words)) -eq 1' -a 'status log usage keys reset doctor gateway setup explain classify version'
complete -c tcr-run -n 'test (__tcr_run_words | string join " ") = "help keys"' -a 'list add renew login refresh set edit show remove rename enable disable order fallback check import seal unseal'
complete -c tcr-run -n 'test (__tcr_run_words | string join " ") = "help gateway"' -a 'start stop status open token users install uninstall'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -s h -l help -d 'Show the options'
complete -c tcr-run -n 'test (count (__tcr_run_words)) -eq 0' -s V -l version -d 'Show the version'
complete -c tcr-run -n __tcr_run_in_run -a -- -d 'The command follows'

complete -c tcr-run -n '__tcr_run_in_run; or __tcr_run_in status keys reset doctor' -s f -l keys -r -F -d 'Read the keys from a file'
complete -c tcr-run -n '__tcr_run_in_run; or __tcr_run_in status reset doctor; or __tcr_run_verb list' -s p -l profile -x -a '(__tcr_run_profile_names)' -d 'Use the keys of this profile'
complete -c tcr-run -n '__tcr_run_in status log usage doctor; or __tcr_run_verb list show check' -l json -d 'As JSON'
complete -c tcr-run -n '__tcr_run_in status usage doctor; or __tcr_run_verb list; or __tcr_run_of_users list' -l color -x -a 'auto always never' -d 'Use colours'
complete -c tcr-run -n '__tcr_run_in status' -l line -d 'In one short line'
complete -c tcr-run -n '__tcr_run_in status' -l prometheus -d 'As metrics'
complete -c tcr-run -n '__tcr_run_in status' -s w -l watch -d 'On the whole terminal, anew every second'
complete -c tcr-run -n '__tcr_run_in log' -s f -l follow -d 'Go on with what is added'
complete -c tcr-run -n '__tcr_run_in log' -s k -l key -x -a '(__tcr_run_key_names)' -d 'Only about this key'
complete -c tcr-run -n '__tcr_run_in log usage' -l since -x -d 'Not older than'
complete -c tcr-run -n '__tcr_run_in usage' -l by -x -a 'key model day session user' -d 'Added up by'
complete -c tcr-run -n '__tcr_run_in usage' -l csv -d 'As comma-separated values'
complete -c tcr-run -n '__tcr_run_in log' -s n -l lines -x -d 'Only the last'

set -l verbs list 'The keys, never their secrets' add 'Add one; its token is asked for' renew 'Give one a new token' \
    login 'Have Claude Code log in, and take its token' \
    refresh 'Renew logins with their refresh tokens' \
    set 'Change what else is said of keys' edit 'Edit the key file, and check it' show 'Everything about a key' remove 'Remove keys' \
    rename 'Give a key another name' enable 'Use keys again' disable 'Keep keys unused' order 'Set in which order keys are tried' \
    fallback 'Set which models follow others' \
    check 'Ask their providers whether they are valid' import "Add the keys of another tool's file" seal 'Encrypt the key file under a passphrase' \
    unseal 'Decrypt it for good'
for i in (seq 1 2 (count $verbs))
    complete -c tcr-run -n '__tcr_run_in keys; and test (count (__tcr_run_words)) -eq 1' -a $verbs[$i] -d $verbs[(math $i + 1)]
end
complete -c tcr-run -n '__tcr_run_in keys' -l passphrase-fd -x -d 'Read passphrases from this descriptor'
complete -c tcr-run -n '__tcr_run_verb renew login refresh set show remove rename enable disable order check' -a '(__tcr_run_key_names)' -d Key
complete -c tcr-run -n '__tcr_run_verb add' -l master -d 'As the master key'
complete -c tcr-run -n '__tcr_run_verb add set' -l kind -x -a 'oauth api bearer openai cursor env:' -d 'What kind of key it is'
complete -c tcr-run -n '__tcr_run_verb add set login' -l organization -x -d 'Whose it is'
complete -c tcr-run -n '__tcr_run_verb add set login' -l priority -x -d 'Lower ones are used earlier'
complete -c tcr-run -n '__tcr_run_verb refresh' -l if-due -d 'Only those that end soon'
complete -c tcr-run -n '__tcr_run_verb refresh' -s q -l quiet -d 'Say nothing'
complete -c tcr-run -n '__tcr_run_verb add set renew' -l expires -x -d 'When the token ends'
complete -c tcr-run -n '__tcr_run_verb add set' -l at-most -x -d 'How many uses of the master key'
complete -c tcr-run -n '__tcr_run_verb add set' -l budget -x -d 'Dollars that it may cost in a day: 5.00/day'
complete -c tcr-run -n '__tcr_run_verb add set' -l base-url -x -d 'The address it is sent to'
complete -c tcr-run -n '__tcr_run_verb add set' -l plain-http -d 'Unencrypted, to another machine'
complete -c tcr-run -n '__tcr_run_verb add' -l token-file -r -F -d 'The token stands in this file'
complete -c tcr-run -n '__tcr_run_verb add login' -l config-dir -x -a '(__fish_complete_directories (commandline -ct))' -d 'The login in this folder'
complete -c tcr-run -n '__tcr_run_verb add' -l keychain -x -d 'This item of the keychain holds the token'
complete -c tcr-run -n '__tcr_run_verb add' -l token-command -d 'This command prints the token'
complete -c tcr-run -n '__tcr_run_verb check' -l all -d 'Disabled keys too'
complete -c tcr-run -n '__tcr_run_verb check' -l timeout -x -d 'How long a provider may take'
complete -c tcr-run -n '__tcr_run_verb check' -l note-organization -d 'Note in the key file what the provider told'
complete -c tcr-run -n '__tcr_run_verb import' -F
complete -c tcr-run -n '__tcr_run_verb import' -l dry-run -d 'Only show what would be added'
complete -c tcr-run -n '__tcr_run_verb import' -l prefix -x -d 'Text before each name'
complete -c tcr-run -n '__tcr_run_verb seal' -l limits -x -a 'interactive moderate' -d 'What a guess costs'
complete -c tcr-run -n '__tcr_run_in reset' -a '(__tcr_run_key_names)' -d Key
complete -c tcr-run -n '__tcr_run_in gateway; and test (count (__tcr_run_words)) -eq 1' -a 'start stop status open token users install uninstall'
complete -c tcr-run -n '__tcr_run_starts' -s d -l detach -d 'In the background'
complete -c tcr-run -n '__tcr_run_of_gateway install' -s n -l dry-run -d 'Only show what it would write'
complete -c tcr-run -n '__tcr_run_of_gateway install' -l launchd -d 'The agent of launchd instead'
complete -c tcr-run -n '__tcr_run_of_gateway status' -l json -d 'As JSON'
complete -c tcr-run -n '__tcr_run_of_gateway open' -l print -d 'Show the link of the page'
complete -c tcr-run -n '__tcr_run_starts install' -l listen -x -d 'Serve on this address'
complete -c tcr-run -n '__tcr_run_starts install' -l hold -x -d 'Wait so long for a key to be ready'
complete -c tcr-run -n '__tcr_run_starts install' -l keep -x -d 'Keep the usage so long'
complete -c tcr-run -n '__tcr_run_starts install' -l tls-cert -r -F -d 'Certificate for TLS'
complete -c tcr-run -n '__tcr_run_starts install' -l tls-key -r -F -d 'Its key'
complete -c tcr-run -n '__tcr_run_starts install' -l behind-proxy -d 'A proxy speaks TLS'
complete -c tcr-run -n '__tcr_run_starts install' -s k -l key -x -a '(__tcr_run_key_names)' -d 'Use this key and no other'
complete -c tcr-run -n '__tcr_run_starts install' -l kind -x -a '(__fish_complete_list , "printf %s\\n anthropic oauth api bearer openai cursor")' -d 'One key of each of these kinds'
complete -c tcr-run -n '__tcr_run_starts install' -l max-per-key -x -d 'Sessions at once on one key'
complete -c tcr-run -n '__tcr_run_starts install' -l cooldown -x -a '(__tcr_run_class_list =)' -d 'How long keys rest'
complete -c tcr-run -n '__tcr_run_starts install' -l retry-on -x -a '(__tcr_run_class_list; echo none)' -d 'Classes that go on with the next key'
complete -c tcr-run -n '__tcr_run_starts install' -l retries -x -d 'Pool keys to try'
complete -c tcr-run -n '__tcr_run_starts install' -s f -l keys -r -F -d 'Read the keys from a file'
complete -c tcr-run -n '__tcr_run_starts install stop uninstall status open' -s p -l profile -x -a '(__tcr_run_profile_names)' -d 'The gateway of this profile'
complete -c tcr-run -n '__tcr_run_starts install' -l no-master -d 'Never use the master key'
complete -c tcr-run -n '__tcr_run_starts install' -l model-fallback -x -d 'Models that go on when every key rests'
complete -c tcr-run -n '__tcr_run_starts install' -l no-model-fallback -d 'Go on with no other model'
complete -c tcr-run -n '__tcr_run_of_gateway users; and test (count (__tcr_run_words)) -eq 2' -a 'add list revoke remove'
complete -c tcr-run -n '__tcr_run_of_users revoke remove' -a '(__tcr_run_user_names)' -d User
complete -c tcr-run -n '__tcr_run_of_users list' -l json -d 'As JSON'
complete -c tcr-run -n '__tcr_run_of_users add' -l expires -x -d 'When the user ends'
complete -c tcr-run -n '__tcr_run_of_users add' -l models -x -d 'That the user may ask for'
complete -c tcr-run -n '__tcr_run_of_users add' -l per-day -x -d 'Dollars or requests of the user'
complete -c tcr-run -n '__tcr_run_in setup' -a 'claude shell aider cursor'
complete -c tcr-run -n '__tcr_run_in setup' -l undo -d 'Take out what it wrote'
complete -c tcr-run -n '__tcr_run_in setup' -s n -l dry-run -d 'Only show the change'
complete -c tcr-run -n '__tcr_run_in setup' -s y -l yes -d 'Do not ask'
complete -c tcr-run -n '__tcr_run_in setup' -s f -l keys -r -F -d 'Read the keys from a file'
complete -c tcr-run -n '__tcr_run_in setup' -s p -l profile -x -a '(__tcr_run_profile_names)' -d 'Use the keys of this profile'
complete -c tcr-run -n '__tcr_run_in classify' -l exit -x -d 'The exit status'
complete -c tcr-run -n '__tcr_run_in classify; or __tcr_run_in explain' -l json -d 'As JSON'
complete -c tcr-run -n '__tcr_run_in classify' -l stderr -r -F -d 'What it wrote to standard error'
complete -c tcr-run -n '__tcr_run_in classify' -F

complete -c tcr-run -n __tcr_run_in_run -s k -l key -x -a '(__tcr_run_key_names)' -d 'Use this key and no other'
complete -c tcr-run -n __tcr_run_in_run -l kind -x -a '(__fish_complete_list , "printf %s\\n anthropic oauth api bearer openai cursor")' -d 'One key of each of these kinds'
complete -c tcr-run -n __tcr_run_in_run -s r -l retries -x -d 'Pool keys to try before the master key'
complete -c tcr-run -n __tcr_run_in_run -l no-master -d 'Never use the master key'
complete -c tcr-run -n __tcr_run_in_run -l model-fallback -x -d 'Models that go on when every key rests'
complete -c tcr-run -n __tcr_run_in_run -l no-model-fallback -d 'Go on with no other model'
complete -c tcr-run -n __tcr_run_in_run -s w -l wait -d 'When no key is left, wait for the first reset'
complete -c tcr-run -n __tcr_run_in_run -l gateway -d 'Change keys inside the requests of a session'
complete -c tcr-run -n __tcr_run_in_run -l no-gateway -d 'Send requests to the provider directly'
complete -c tcr-run -n __tcr_run_in_run -l max-per-key -x -d 'Wait rather than have more runs on a key'
complete -c tcr-run -n __tcr_run_in_run -s c -l cooldown -x -a '(__tcr_run_class_list =)' -d 'How long keys rest'
complete -c tcr-run -n __tcr_run_in_run -l retry-on -x -a '(__tcr_run_class_list; echo none)' -d 'Classes that go on with the next key'
complete -c tcr-run -n __tcr_run_in_run -s m -l marker -x -a '$__tcr_run_classes= none=' -d 'A line of output that means a class'
complete -c tcr-run -n __tcr_run_in_run -l exit-class -x -a '(string match -r "^(?:--exit-class=)?([0-9]+=)" -- (commandline -ct))[2]$__tcr_run_classes' -d 'An exit status that means a class'
complete -c tcr-run -n __tcr_run_in_run -l log-format -x -a 'text json' -d 'How messages are written'
complete -c tcr-run -n __tcr_run_in_run -l via -x -a 'auto env fd' -d 'How to hand the key over'
complete -c tcr-run -n __tcr_run_in_run -l keep -x -a '(set -nx)' -d 'Leave this variable in the environment'
complete -c tcr-run -n __tcr_run_in_run -l scrub -x -a '(set -nx)' -d 'Remove this variable too'
complete -c tcr-run -n __tcr_run_in_run -l mask -d 'Show the tokens of the pool as *** in the output'
complete -c tcr-run -n __tcr_run_in_run -l clean-env -d 'Pass on PATH, HOME and the like only'
complete -c tcr-run -n __tcr_run_in_run -l client -x -a 'claude generic' -d 'Treat the command as'
complete -c tcr-run -n __tcr_run_in_run -l no-fast-fail -d 'Leave the client its own retries on every key'
complete -c tcr-run -n __tcr_run_in_run -l no-resume -d 'Never carry a conversation on'
complete -c tcr-run -n __tcr_run_in_run -l auto -d 'Carry an interactive session on without asking'
complete -c tcr-run -n __tcr_run_in_run -l preflight -d 'Check the keys with their providers first'
complete -c tcr-run -n __tcr_run_in_run -l on-exhausted -x -a '(__fish_complete_command)' -d 'Run this when the keys are used up'
complete -c tcr-run -n __tcr_run_in_run -l notify -d 'Notify when the keys are used up'
complete -c tcr-run -n __tcr_run_in_run -s q -l quiet -d 'Say nothing'
complete -c tcr-run -n __tcr_run_in_run -s v -l verbose -d 'Explain every decision'
