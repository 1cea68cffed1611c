#!/bin/sh
# Checks the folder of a session without the program that made it:
#     sh check-session.sh [--head HEAD] SESSION ALLOWED_SIGNERS [REVOKED]
#
# Needs sha256sum, jq and ssh-keygen (Debian: coreutils, jq, openssh-client); with perl every line's link is looked at in
# one go, without it some of them. It looks whether the record chains, whether the files are those of the record, whether
# it was practice, and whether every sign-off is about this very record and made by the one it names. HEAD is what is
# known from elsewhere: four words, or 16 hexadecimal digits or more; the record must end there. Which sign-offs are enough is the policy's, see `ceremony verify SESSION --signers FILE`.
# Exit code: 0 nothing is wrong, 1 something is, 2 it could not be checked.
set -u
LC_ALL=C
export LC_ALL

wrong=0
say() { printf '%s\n' "$*"; }
bad() { say "WRONG: $*"; wrong=1; }
stop() { say "cannot check: $*"; exit 2; }

known=
[ "${1-}" != --head ] || { known=${2-}; shift 2 2>/dev/null || stop "--head wants four words or hexadecimal digits"; }
case $# in 2 | 3) ;; *) stop "name the session's folder and the file of allowed signers" ;; esac
for tool in sha256sum jq ssh-keygen od base64; do
    command -v "$tool" >/dev/null || stop "$tool is not installed"
done
session=$1 signers=$2 revoked=${3-}
record=$session/session.jsonl
[ -f "$record" ] || stop "$record is not there"
[ -f "$signers" ] || stop "$signers is not there"
[ -z "$revoked" ] || [ -f "$revoked" ] || stop "$revoked is not there"
scratch=$(mktemp -d) || stop "no folder for temporary files"
trap 'rm -rf "$scratch"' EXIT

sum() {
    digest=$(sha256sum <"$1") && printf '%s' "${digest%% *}"
}
# A number or text of a JSON file; empty when it is not there.
of() { jq -r "$2 // empty" "$1" 2>/dev/null; }

# The chain: prev of a line is the checksum of all bytes before it. That of the last line covers every byte but its own,
# and those are covered by the head, which is what gets signed. With perl each is looked at. Without it, that of the last
# line and of 16 others that nobody could know before; where one does not fit, halving leads to a line that does not
# chain behind one that does.
every_line() {
    perl -MDigest::SHA -e '
        my ($record, $chain) = @ARGV;
        open(my $lines, "<:raw", $record) && open(my $links, "<", $chain) || exit 1;
        my ($sum, $n) = (Digest::SHA->new(256), 0);
        while (defined(my $line = <$lines>)) {
            my $prev = (split /\t/, <$links>)[1];
            $n++;
            if ($sum->clone->hexdigest ne $prev) { print $n; exit 0 }
            $sum->add($line);
        }' "$record" "$scratch/chain" 2>/dev/null
}
chains() {
    before=$(head -n "$(($1 - 1))" "$record" | sha256sum)
    [ "${before%% *}" = "$(sed -n "$1p" "$scratch/chain" | cut -f2)" ]
}
some_lines() {
    good=0
    for k in $(shuf -i "1-$lines" -n 16 | sort -n) "$lines"; do
        if ! chains "$k"; then
            while [ $((k - good)) -gt 1 ]; do
                middle=$(((good + k) / 2))
                if chains "$middle"; then good=$middle; else k=$middle; fi
            done
            printf '%s' "$k"
            break
        fi
        good=$k
    done
}
format=$(head -n 1 "$record" | jq -r '.cause.header.format // empty' 2>/dev/null)
case $format in '' | 1) ;; *) stop "the record has format $format; this script knows format 1, use the one of that version" ;; esac
lines=$(wc -l <"$record")
[ "$(tail -c 1 "$record" | od -An -tx1 | tr -d ' ')" = 0a ] ||
    bad "line $((lines + 1)) of the record has no end: it was torn, or its end was changed"
# Line breaks are made to stand only between entries, so that the place of an entry is its line.
jq -r '[.n, .prev, input_line_number] | @tsv' "$record" >"$scratch/chain" 2>/dev/null ||
    bad "line $(($(wc -l <"$scratch/chain") + 1)) of the record is no entry"
awk '$1 != NR { printf "line %d of the record says that it is number %s\n", NR, $1; exit }
     $3 != NR { printf "line %d of the record is not one entry\n", $3 < NR ? $3 : NR; exit }' "$scratch/chain" >"$scratch/said"
[ ! -s "$scratch/said" ] || bad "$(cat "$scratch/said")"
if [ "$wrong" -eq 0 ]; then
    how="each"
    broken=$(every_line) || { how="17 of them"; broken=$(some_lines); }
    [ -z "$broken" ] ||
        bad "line $broken of the record does not chain to the lines before it: what was changed is before it, or its prev"
    say "chain: $lines lines, $how looked at"
fi
head=$(sum "$record")
words=$(printf '%.16s' "$head" | sed 's/..../&\n/g' | awk '
    function bits(n, from, width) { return int(n / 2 ^ from) % 2 ^ width }
    /./ {
        n = 0
        for (at = 1; at <= 4; at++) n = n * 16 + index("0123456789abcdef", substr($0, at, 1)) - 1
        c = "bdfghjklmnprstvz"; v = "aiou"
        printf "%s%s%s%s%s%s", space, substr(c, bits(n, 12, 4) + 1, 1), substr(v, bits(n, 10, 2) + 1, 1),
            substr(c, bits(n, 6, 4) + 1, 1), substr(v, bits(n, 4, 2) + 1, 1), substr(c, bits(n, 0, 4) + 1, 1)
        space = " "
    }')
say "head: $head"
say "      $words"
if [ -n "$known" ]; then
    known=$(printf '%s' "$known" | tr 'A-Z-' 'a-z ')
    case "$words" in "$known") known= ;; esac
    case $known in
    ????????????????*) case $head in "$known"*) known= ;; esac ;;
    esac
    [ -z "$known" ] ||
        bad "line $lines of the record or one before it: it does not end with the head that was given, '$known'"
fi

# The files, against the first entry.
head -n 1 "$record" >"$scratch/first"
header='[.events[] | select(.event == "opened") | .header][0]'
definition=$(of "$scratch/first" "$header.definition")
[ -n "$definition" ] || bad "the record does not begin with an opening"
jq -r "$header.inputs | to_entries[] | [.value, .key] | @tsv" "$scratch/first" >"$scratch/files" 2>/dev/null ||
    bad "the first entry names no files"
while IFS="$(printf '\t')" read -r wanted file; do
    case /$file/ in */../*) bad "files/$file leaves the folder"; continue ;; esac
    [ -f "$session/files/$file" ] && [ "$(sum "$session/files/$file")" = "$wanted" ] ||
        bad "files/$file is not the recorded one"
done <"$scratch/files"
grep -q . "$scratch/files" || bad "the first entry names no files"
[ -f "$session/plan.json" ] && [ "$(sum "$session/plan.json")" = "$(of "$scratch/first" "$header.plan")" ] ||
    bad "plan.json is not the recorded one"
mode=$(of "$scratch/first" "$header.mode")
[ "$mode" = live ] || bad "the session is $mode, not live: it never counts as real"
tail -n 1 "$record" | jq -e '[.events[] | select(.event == "closed")] | length == 1' >/dev/null 2>&1 ||
    bad "the session is not closed"

# The key of a signature, in hexadecimal digits: behind SSHSIG and a version there is its length, and then itself.
key_of() {
    blob=$(grep -v '^-' "$1" | base64 -d 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
    length=$(printf '%s' "$blob" | cut -c21-28)
    case $length in '' | *[!0-9a-f]*) return 1 ;; esac
    printf '%s' "$blob" | cut -c"29-$((28 + 2 * 0x$length))"
}

# The sign-offs: each is about this record and names all earlier ones, so that none can be taken away.
: >"$scratch/keys"
: >"$scratch/open"
count=0 approvals=0
for statement in "$session"/signoff/* "$session"/signoff/.[!.]*; do
    [ -e "$statement" ] || continue
    name=${statement##*/}
    case $name in
    *.json.sig)
        [ -f "${statement%.sig}" ] || bad "signoff/$name has no statement"
        continue
        ;;
    *.json) ;;
    *) bad "signoff/$name does not belong there"; continue ;;
    esac
    count=$((count + 1))
    role=$(of "$statement" .predicate.role)
    principal=$(of "$statement" .predicate.principal)
    choice=$(of "$statement" .predicate.choice)
    case $role in operator | witness | reviewer | lead) ;; *) bad "signoff/$name: no such role"; continue ;; esac
    case $choice in approve | reject | withdraw) ;; *) bad "signoff/$name: no such choice"; continue ;; esac
    case $principal in '' | *[!A-Za-z0-9@._+-]*) bad "signoff/$name: no name"; continue ;; esac
    [ "$name" = "$(printf '%03d' "$count")-$role-$principal.json" ] ||
        bad "signoff/$name is not number $count, $role $principal: one was taken away or renamed"

    set -- -Y verify -f "$signers" -I "$principal" -n "$role.ceremony-signoff.v1" -s "$statement.sig"
    signed=$(of "$statement" .predicate.time | tr -d ':TZ-' | cut -d. -f1)
    case $signed in ??????????????) set -- "$@" -O "verify-time=${signed}Z" ;; *) bad "signoff/$name: no time" ;; esac
    [ -z "$revoked" ] || set -- "$@" -r "$revoked"
    if ssh-keygen "$@" <"$statement" >"$scratch/said" 2>&1; then
        say "signoff/$name: signed as $principal ($choice)"
    else
        bad "signoff/$name: $(tr '\n' ' ' <"$scratch/said")"
    fi
    key=$(key_of "$statement.sig" 2>/dev/null) || key=
    other=$(awk -v key="$key" -v name="$principal" '$1 == key && $2 != name { print $2; exit }' "$scratch/keys")
    [ -n "$key" ] || bad "signoff/$name: its key cannot be read"
    [ -z "$other" ] || bad "signoff/$name: one key under two names, $other and $principal"
    printf '%s %s\n' "$key" "$principal" >>"$scratch/keys"

    [ "$(of "$statement" .predicate.mode)" = live ] || bad "signoff/$name is of a practice session"
    about=$(of "$statement" .predicate.head)
    if [ "$about" != "$head" ]; then
        bad "signoff/$name is about another head: $about"
    elif [ "$choice" = approve ]; then
        approvals=$((approvals + 1))
    fi
    jq -r '.subject[] | [.digest.sha256, .name] | @tsv' "$statement" >"$scratch/subjects" 2>/dev/null
    while IFS="$(printf '\t')" read -r wanted file; do
        case /$file/ in */../* | //*) bad "signoff/$name is about $file, outside of the folder"; continue ;; esac
        [ -f "$session/$file" ] && [ "$(sum "$session/$file")" = "$wanted" ] ||
            bad "signoff/$name is about another $file"
    done <"$scratch/subjects"
    for file in session.jsonl plan.json report.md "files/$definition"; do
        cut -f2 "$scratch/subjects" | grep -qxF "$file" || bad "signoff/$name is not about $file"
    done
    for earlier in "$session"/signoff/*.json; do
        [ "$earlier" = "$statement" ] && break
        cut -f2 "$scratch/subjects" | grep -qxF "signoff/${earlier##*/}" ||
            bad "signoff/$name does not name signoff/${earlier##*/}"
    done

    # A rejection is open until the same person withdraws it.
    case $choice in
    reject) printf '%s\n' "$principal" >>"$scratch/open" ;;
    withdraw)
        grep -vxF "$principal" "$scratch/open" >"$scratch/rest"
        mv "$scratch/rest" "$scratch/open"
        ;;
    esac
done
while read -r principal; do
    bad "the rejection by $principal is open"
done <"$scratch/open"
[ "$approvals" -gt 0 ] || bad "nobody approved this record"

[ "$wrong" -eq 0 ] || { say "do not rely on this folder"; exit 1; }
say "nothing is wrong; $approvals of $count sign-offs approve"
