# bash completion for tcr-run(1); uses the functions of the bash-completion package.

# What says which keys are meant, so that names come from the same file.
_tcr_run_keys_file()
{
    local i
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
            --keys=*) keys_file=(--keys "${words[i]#*=}") ;;
            -f | --keys) keys_file=(--keys "${words[i + 1]/#\~\//$HOME/}") ;;
        esac
    done
}

# A sealed file is none to be asked a passphrase for now: no file is one that cannot be read. What
# is read from a message is read as JSON, which has it on one line.
_tcr_run_ask()
{
    TCR_PASSPHRASE_FILE=${TCR_PASSPHRASE_FILE:-/dev/null} TCR_LOG_FORMAT=json "${words[0]}" "$@" "${keys_file[@]}"
}

_tcr_run_key_names()
{
    _tcr_run_ask keys list --json 2>/dev/null |
        sed -n 's/^[[:space:]]*"name":[[:space:]]*"\(.*\)",*$/\1/p'
}

# Asked for a profile that does not exist, tcr-run says which there are.
_tcr_run_profile_names()
{
    _tcr_run_ask keys list --profile '' 2>&1 >/dev/null |
        sed -n 's/.*there is no profile \\"\\"; there are: \([^"]*\)".*/\1/p' | sed 's/, /\n/g'
}

_tcr_run_user_names()
{
    _tcr_run_ask gateway users list --json 2>/dev/null |
        sed -n 's/^[[:space:]]*"name":[[:space:]]*"\(.*\)",*$/\1/p'
}

# One name a line on standard input, without those that stand there already; blanks in it are
# escaped. No process for each of them.
_tcr_run_names()
{
    local name names given=" ${words[*]:2:cword-2} "
    mapfile -t names
    for name in "${names[@]}"; do
        [[ $name == "$cur"* ]] || continue
        printf -v name %q "$name"
        [[ $given == *" $name "* ]] || COMPREPLY+=("$name")
    done
}

# Options only where one was begun.
_tcr_run_words()
{
    local words=$1
    [[ $cur == -* ]] || words=$(tr ' ' '\n' <<<"$words" | grep -v '^-')
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    if [[ ${COMPREPLY[0]-} == *= ]]; then
        compopt -o nospace
    fi
}

# The last part of A,B,C. Readline has split the word at a '=': what stands before it stays.
_tcr_run_list()
{
    local before=${cur%"${cur##*,}"} word words=
    for word in $1; do
        # What stands there already, and what stands alone.
        [[ ,$before == *,"${word%=}"[=,]* || ($word == none && $before) ]] || words+=" $word"
    done
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$words" -- "${cur##*,}")
    COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*=}"}"}")
    compopt -o nospace
}

# The value of an option; fails for one that takes none. In -vk it is the last letter's.
_tcr_run_value()
{
    local classes='limit throttled auth forbidden billing server network' option=$1
    [[ $option != -[!-]* ]] || option=-${option: -1}
    case $option in
        --keys | --stderr | --token-file | --tls-cert | --tls-key | -f) _filedir ;;
        --config-dir) _filedir -d ;;
        --kind)
            if [[ ${words[1]} == keys ]]; then
                _tcr_run_words 'oauth api bearer openai cursor env:'
            else
                _tcr_run_list 'anthropic oauth api bearer openai cursor'
            fi
            ;;
        --color) _tcr_run_words 'auto always never' ;;
        --by) _tcr_run_words 'key model day session user' ;;
        --limits) _tcr_run_words 'interactive moderate' ;;
        --key | -k) _tcr_run_names < <(_tcr_run_key_names) ;;
        --profile | -p) _tcr_run_names < <(_tcr_run_profile_names) ;;
        --cooldown | -c) _tcr_run_list "${classes// /= }=" ;;
        --retry-on) _tcr_run_list "$classes none" ;;
        --marker | -m) [[ $cur == *=* ]] || _tcr_run_words "${classes// /= }= none=" ;;
        --exit-class) [[ $cur != *=* ]] || cur=${cur#*=} _tcr_run_words "$classes" ;;
        --via) _tcr_run_words 'auto env fd' ;;
        --log-format) _tcr_run_words 'text json' ;;
        --client) _tcr_run_words 'claude generic' ;;
        --keep | --scrub) [[ ${words[1]} == gateway ]] || mapfile -t COMPREPLY < <(compgen -e -- "$cur") ;;
        --on-exhausted) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        --retries | -r | --max-per-key | --exit | --wait | --since | --lines | -n | --prefix | --passphrase-fd) ;;
        --models | --per-day | --listen | --hold | --organization | --priority | --expires | --at-most | --budget | --base-url | --timeout) ;;
        *) return 1 ;;
    esac
    return 0
}

# Behind `keys`; fails for what is completed as everywhere: the value of an option.
_tcr_run_keys()
{
    local verb=${words[2]} i
    for ((i = 3; i < cword; i++)); do
        if [[ ${words[i]} == --token-command ]]; then
            _command_offset $((i + 1))
            return 0
        fi
    done
    if ((cword == 2)); then
        _tcr_run_words "$verbs --help"
        return 0
    fi
    [[ $prev != -[!-]* && ($prev != --* || $prev == --dry-run || $prev == --json ||
        $prev == --master || $prev == --plain-http || $prev == --all || $prev == --note-organization) ]] || return 1
    case $verb/$cur in
        show/-*) _tcr_run_words '--json --keys --passphrase-fd' ;;
        list/*) _tcr_run_words '--json --color --profile --keys --passphrase-fd' ;;
        add/-*)
            _tcr_run_words '--master --kind --organization --priority --expires --at-most
                --budget --base-url --plain-http --token-file --config-dir --keychain --token-command --keys
                --passphrase-fd'
            ;;
        login/-*) _tcr_run_words '--config-dir --organization --priority --keys --passphrase-fd' ;;
        refresh/-*) _tcr_run_words '--if-due --quiet --keys --passphrase-fd' ;;
        renew/-*) _tcr_run_words '--expires --keys --passphrase-fd' ;;
        set/-*)
            _tcr_run_words '--organization --priority --expires --at-most --budget --base-url --plain-http --kind
                --keys --passphrase-fd'
            ;;
        check/-*)
            _tcr_run_words '--all --json --timeout --note-organization --keys --passphrase-fd'
            ;;
        import/-*) _tcr_run_words '--dry-run --prefix --keys --passphrase-fd' ;;
        seal/-*) _tcr_run_words '--limits --keys --passphrase-fd' ;;
        */-*) _tcr_run_words '--keys --passphrase-fd' ;;
        import/*) _filedir ;;
        renew/* | login/* | refresh/* | set/* | show/* | remove/* | rename/* | enable/* | disable/* | order/* | check/*) _tcr_run_names < <(_tcr_run_key_names) ;;
    esac
    return 0
}

# Behind `gateway`; without a verb it is started.
_tcr_run_gateway()
{
    local start="--listen --hold --keep --tls-cert --tls-key --behind-proxy --key --kind --no-master --model-fallback
        --no-model-fallback --max-per-key --cooldown --retry-on --retries $common"
    if ((cword == 2)); then
        _tcr_run_words "$gateway_verbs --detach $start --help"
        return
    fi
    case ${words[2]} in
        start | -*) _tcr_run_words "--detach $start" ;;
        install) _tcr_run_words "--dry-run --launchd $start" ;;
        stop | uninstall) _tcr_run_words '--profile' ;;
        status) _tcr_run_words '--json --profile' ;;
        open) _tcr_run_words '--print --profile' ;;
        users)
            case $cword/${words[3]}/$cur in
                3/*) _tcr_run_words 'add list revoke remove' ;;
                */list/*) _tcr_run_words '--json --color' ;;
                */add/*) _tcr_run_words '--expires --models --per-day' ;;
                4/revoke/* | 4/remove/*) _tcr_run_names < <(_tcr_run_user_names) ;;
            esac
            ;;
    esac
}

_tcr_run()
{
    local i cur prev words cword split keys_file=()
    local verbs='list add renew login refresh set edit show remove rename enable disable order fallback check import seal unseal'
    local gateway_verbs='start stop status open token users install uninstall'
    local common='--keys --profile' log='--follow --json --key --since --lines'
    local run="$common --key --kind --retries --no-master --model-fallback --no-model-fallback --wait --wait= --max-per-key --gateway --no-gateway --cooldown
        --retry-on --marker --exit-class --via --keep --scrub --clean-env --mask --client --no-fast-fail --no-resume --auto
        --preflight --on-exhausted --notify --log-format --quiet --verbose --"
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            _command_offset $((i + 1))
            return
        fi
    done
    _init_completion -s -n '=:' || return
    _tcr_run_keys_file
    if [[ ${words[1]} == log && $prev == -f ]]; then
        _tcr_run_words "$log"
        return
    fi
    if [[ ${words[1]} == keys ]] && _tcr_run_keys; then
        return
    fi
    if [[ ($prev == --[!-]* && ($split == true || $prev != --wait)) || $prev == -[!-]* ]]; then
        _tcr_run_value "$prev" && return
    fi
    $split && return
    case $cword/${words[1]} in
        1/*)
            _tcr_run_words "status log usage keys reset doctor gateway setup explain classify help version --help --version $run"
            ;;
        */status) _tcr_run_words "--json --line --prometheus --watch --color $common" ;;
        */log) _tcr_run_words "$log" ;;
        */usage) _tcr_run_words '--by --since --json --csv --color' ;;
        */gateway) _tcr_run_gateway ;;
        */doctor) _tcr_run_words "--json --color $common" ;;
        */reset)
            if [[ $cur == -* ]]; then
                _tcr_run_words "$common"
            else
                _tcr_run_names < <(_tcr_run_key_names)
            fi
            ;;
        2/setup) _tcr_run_words "claude shell aider cursor --undo --dry-run --yes $common" ;;
        */setup) _tcr_run_words "--undo --dry-run --yes $common" ;;
        */classify)
            if [[ $cur == -* ]]; then
                _tcr_run_words '--exit --json --stderr'
            else
                _filedir
            fi
            ;;
        */explain)
            if [[ $cur ]]; then
                _tcr_run_words "--json $run"
            else
                COMPREPLY=(--)
            fi
            ;;
        2/help) _tcr_run_words 'status log usage keys reset doctor gateway setup explain classify version' ;;
        3/help)
            case ${words[2]} in
                keys) _tcr_run_words "$verbs" ;;
                gateway) _tcr_run_words "$gateway_verbs" ;;
            esac
            ;;
        */help | */version) ;;
        *)
            if [[ $cur ]]; then
                _tcr_run_words "$run"
            else
                COMPREPLY=(--)
            fi
            ;;
    esac
} &&
    complete -F _tcr_run tcr-run
