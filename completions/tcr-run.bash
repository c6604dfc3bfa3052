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

_tcr_run_key_names()
{
    "${words[0]}" keys list --json "${keys_file[@]}" 2>/dev/null |
        sed -n 's/^[[:space:]]*"name":[[:space:]]*"\(.*\)",*$/\1/p'
}

# Asked for a profile that does not exist, tcr-run says which there are.
_tcr_run_profile_names()
{
    "${words[0]}" keys list --profile '' "${keys_file[@]}" 2>&1 >/dev/null |
        sed -n 's/.*there is no profile ""; there are: //p' | sed 's/, /\n/g'
}

# One name a line on standard input; blanks in it are escaped.
_tcr_run_names()
{
    local name
    while IFS= read -r name; do
        [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
    done
}

_tcr_run_words()
{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
    if [[ ${COMPREPLY[0]-} == *= ]]; then
        compopt -o nospace
    fi
}

# The last part of A,B,C. Readline has split the word at a '=': what stands before it stays.
_tcr_run_list()
{
    local before=${cur%"${cur##*,}"}
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
    COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*=}"}"}")
    compopt -o nospace
}

# The value of an option; fails for one that takes none. In -vk it is the last letter's.
_tcr_run_value()
{
    local classes='limit throttled auth forbidden billing server network' option=$1
    [[ $option != -[!-]* ]] || option=-${option: -1}
    case $option in
        --keys | --stderr | -f) _filedir ;;
        --key | -k) _tcr_run_names < <(_tcr_run_key_names) ;;
        --profile | -p) _tcr_run_names < <(_tcr_run_profile_names) ;;
        --cooldown | -c) _tcr_run_list "${classes// /= }=" ;;
        --retry-on) _tcr_run_list "$classes none" ;;
        --marker | -m) [[ $cur == *=* ]] || _tcr_run_words "${classes// /= }= none=" ;;
        --exit-class) [[ $cur != *=* ]] || cur=${cur#*=} _tcr_run_words "$classes" ;;
        --via) _tcr_run_words 'auto env fd' ;;
        --client) _tcr_run_words 'claude generic' ;;
        --keep | --scrub) mapfile -t COMPREPLY < <(compgen -e -- "$cur") ;;
        --retries | -r | --exit | --wait) ;;
        *) return 1 ;;
    esac
    return 0
}

_tcr_run()
{
    local i cur prev words cword split keys_file=()
    local common='--keys --profile'
    local run="$common --key --retries --no-master --wait --wait= --cooldown --retry-on --marker
        --exit-class --via --keep --scrub --clean-env --client --no-fast-fail --no-resume --auto
        --quiet --verbose --"
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            _command_offset $((i + 1))
            return
        fi
    done
    _init_completion -s -n '=:' || return
    _tcr_run_keys_file
    if [[ ($prev == --[!-]* && ($split == true || $prev != --wait)) || $prev == -[!-]* ]]; then
        _tcr_run_value "$prev" && return
    fi
    $split && return
    case $cword/${words[1]} in
        1/*) _tcr_run_words "status keys reset explain classify help --help --version $run" ;;
        2/keys) _tcr_run_words list ;;
        */status | */keys) _tcr_run_words "--json $common" ;;
        */reset)
            if [[ $cur == -* ]]; then
                _tcr_run_words "$common"
            else
                _tcr_run_names < <(_tcr_run_key_names)
            fi
            ;;
        */classify)
            if [[ $cur == -* ]]; then
                _tcr_run_words '--exit --stderr'
            else
                _filedir
            fi
            ;;
        */help) ;;
        *) _tcr_run_words "$run" ;;
    esac
} &&
    complete -F _tcr_run tcr-run
