#!/usr/bin/env bash
# Fetch published bounces into a folder, for test_samples.py. They are other people's, under other licences, so they are not kept here:
# the samples of flufl.bounce (Apache-2.0; its source on PyPI) and of Mail::DeliveryStatus::BounceParser (Perl's; its source in Debian).
# Usage: tests/feedback/fetch_samples.sh FOLDER
set -euo pipefail
folder=$(realpath -m "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder" "$scratch/lists/partial" "$scratch/sources" "$scratch/unpacked"
cd "$scratch"

python3 -m venv venv
venv/bin/pip download -q --disable-pip-version-check --no-deps --no-binary :all: flufl.bounce==6.0.0
tar -xzf flufl_bounce-6.0.0.tar.gz -C unpacked

# The same archives as the machine's own, asked for sources; its settings stay as they are.
for list in /etc/apt/sources.list.d/*.sources; do
    [[ -e $list ]] && sed 's/^Types: deb$/Types: deb-src/' "$list" >"sources/$(basename "$list")"
done
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -s $list ]] && sed -n 's/^deb /deb-src /p' "$list" >"sources/$(basename "$list" .list).list"
done
options=(-qq -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$scratch/sources" -o "Dir::State::lists=$scratch/lists" -o "APT::Sandbox::User=root")
apt-get "${options[@]}" update
apt-get "${options[@]}" source --download-only --tar-only libmail-deliverystatus-bounceparser-perl >/dev/null
tar -xJf libmail-deliverystatus-bounceparser-perl_*.orig.tar.xz -C unpacked

cp unpacked/flufl_bounce-6.0.0/tests/data/*.txt "$folder"
find unpacked -path '*/t/corpus/*.msg' -exec cp {} "$folder" \;
