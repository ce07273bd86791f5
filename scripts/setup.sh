# Sourced by scripts/run and scripts/test: finds Python, installs what is missing, makes .venv. Plain sh.

say() { printf '%s\n' "$*" >&2; }

# need LIBRARY PACKAGE: note the Debian package of a shared library that the system does not have.
need() {
    { /sbin/ldconfig -p 2>/dev/null || ldconfig -p 2>/dev/null; } | grep -q "$1" || missing="$missing $2"
}

# What the window and OpenCV load. macOS has all of it.
need_to_run() {
    [ "$(uname -s)" = Linux ] || return 0
    need libGL.so.1 libgl1
    need libEGL.so.1 libegl1
    need libGLESv2.so.2 libgles2
    need libglib-2.0.so.0 libglib2.0-0
    need libdbus-1.so.3 libdbus-1-3
    need libfontconfig.so.1 libfontconfig1
    need libxkbcommon.so.0 libxkbcommon0
    need libxkbcommon-x11.so.0 libxkbcommon-x11-0
    need libxcb-cursor.so.0 libxcb-cursor0
    need libxcb-icccm.so.4 libxcb-icccm4
    need libxcb-keysyms.so.1 libxcb-keysyms1
    need libxcb-shape.so.0 libxcb-shape0
    [ -n "$(find /usr/share/fonts "$HOME/.fonts" -name '*.[to]tf' 2>/dev/null | head -n 1)" ] ||
        missing="$missing fonts-dejavu-core"
}

# What the tests need besides: a screen in memory, fingers for it, a real RTSP server, a browser and a broker.
need_to_test() {
    [ "$(uname -s)" = Linux ] || return 0
    command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
    command -v Xvfb >/dev/null || missing="$missing xvfb"
    command -v xdotool >/dev/null || missing="$missing xdotool"
    command -v strace >/dev/null || missing="$missing strace"
    command -v chromium >/dev/null || missing="$missing chromium"
    [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
    /usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null ||
        missing="$missing python3-gi gir1.2-gst-rtsp-server-1.0"
    need_plugin jpeg gstreamer1.0-plugins-good
    need_plugin videoparsersbad gstreamer1.0-plugins-bad
    need_plugin x264 gstreamer1.0-plugins-ugly
    need_plugin videoconvert gstreamer1.0-plugins-base
}

need_plugin() {
    ls /usr/lib/*/gstreamer-1.0/libgst"$1"*.so >/dev/null 2>&1 || missing="$missing $2"
}

# The system's own Python first: that one has what Debian's packages bring. PYTHON=python3.13 asks for another one.
find_python() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            return 0
        fi
    done
    say "Python 3.11 to 3.14 is needed; not found${PYTHON:+ as $PYTHON}. On Debian or Ubuntu: sudo apt-get install python3 python3-venv"
    exit 1
}

install_missing() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        say "installing system packages:$missing"
        # shellcheck disable=SC2086  # a list of packages
        watched "$(echo $missing | wc -w)" apt_install $missing
    else
        say "System packages are missing. Install them and start again:"
        say "  sudo apt-get install -y$missing"
        exit 1
    fi
}

# make_venv LOCK [EXTRA]: .venv with the project in it; done again only when pyproject.toml or the lock changed. What the
# lock names is installed by its hash; for what it leaves out (see scripts/lock) pyproject.toml says the version.
make_venv() {
    lock="$root/scripts/$1" extra=${2:-}
    done_mark="$root/.venv/.installed$extra"
    if [ -n "${PYTHON:-}" ] && [ -x "$root/.venv/bin/python" ] && [ "$("$PYTHON" -V)" != "$("$root/.venv/bin/python" -V)" ]; then
        rm -r "$root/.venv"
    fi
    if [ -f "$done_mark" ] && [ ! "$root/pyproject.toml" -nt "$done_mark" ] && [ ! "$lock" -nt "$done_mark" ]; then
        return 0
    fi
    say "installing realtime-micacl into .venv (a few minutes the first time)"
    [ -x "$root/.venv/bin/python" ] || "$python" -m venv "$root/.venv"
    watched "$(grep -c == "$lock")" pip_install --require-hashes -r "$lock"
    watched 1 pip_install --no-build-isolation -e "$root$extra"
    touch "$done_mark"
}

pip_install() { "$root/.venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off "$@"; }

apt_install() {
    apt-get update -q &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# watched TOTAL COMMAND..: run it and show how far it is, in one line that moves, or in a log every tenth package. What it
# says itself is shown where it fails.
watched() {
    total=$1
    shift
    said=$(mktemp)
    { "$@" 2>&1 || echo "exit code $?"; } | tee "$said" | counted "$total"
    if tail -n 1 "$said" | grep -q '^exit code '; then
        tail -n 30 "$said" >&2
        rm -f "$said"
        exit 1
    fi
    rm -f "$said"
}

counted() {
    done_so_far=0 name=
    while IFS= read -r line; do
        case "$line" in
            "Collecting "*)
                done_so_far=$((done_so_far + 1))
                name=${line#* }
                name=${name%%[!A-Za-z0-9_.-]*}
                shown "$done_so_far of $1: $name" ;;
            "Processing "*)
                done_so_far=$((done_so_far + 1))
                name=${line%% (from*}
                name=${name##*/}
                shown "$done_so_far of $1: ${name%%-*}" ;;
            "  Downloading "*"("*) shown "$done_so_far of $1: $name, ${line##*(}" ;;
            "Installing collected packages"*) [ "$done_so_far" -eq 0 ] || shown "unpacking $done_so_far packages, which takes a minute" always ;;
            "Setting up "*)
                done_so_far=$((done_so_far + 1))
                name=${line#Setting up }
                shown "$done_so_far: ${name%% *}" ;;
        esac
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# shown TEXT [always]: one line that is written over on a terminal; elsewhere every tenth.
shown() {
    if [ -t 2 ]; then
        printf '\r\033[K  %s' "${1%)}" >&2
    elif [ -n "${2:-}" ] || [ $((done_so_far % 10)) -eq 1 ]; then
        printf '  %s\n' "${1%)}" >&2
    fi
}
