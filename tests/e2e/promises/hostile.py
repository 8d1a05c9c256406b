"""A hostile world: a line that breaks all the time, machines with little to give, addresses that nobody answers at."""

import hashlib
import shutil
import socket
import subprocess

from harness import ledger, mounts
from harness.case import Skipped, case, equal, expect, wait_until
from harness.hostile import Hostile, picture
from harness.ports import free_ports
from harness.process import Process


@case(limit=120)
def twenty_thousand_entries_of_many_hosts_arrive_whole_over_a_line_that_breaks_all_the_time(work):
    _arrive_whole(work, 20_000, hosts=50, options=["-c", "100"])


# A host that answers 503 now and then is asked slowly: it is left alone for a moment each time.
@case(limit=180)
def a_thousand_entries_of_one_host_arrive_whole_over_a_line_that_breaks_all_the_time(work):
    _arrive_whole(work, 1_000, hosts=1, options=["-c", "100", "--per-host", "100"])


def _arrive_whole(work, entries, hosts, options):
    names = [f"p{number:05}" for number in range(entries)]
    with Hostile(reset=0.10, cut=0.05, busy=0.05, stall=0.02) as server:
        urls = [server.url(1 + number % hosts, name) for number, name in enumerate(names)]
        run = work.flagdl(*options, "--retries", "20", "--read-timeout", "1s", work.list(*urls), limit=170)
        met = dict(server.met)
    run.expect_code(0).expect_tally(ok=entries)
    wanted = {f"{name}.jpg": picture(name) for name in names}
    work.expect_files(wanted, run)
    rows = ledger.ask(work.dest, "SELECT path, outcome, bytes, sha256 FROM items ORDER BY path")
    expected = [(path, "ok", len(data), hashlib.sha256(data).hexdigest()) for path, data in sorted(wanted.items())]
    equal(len(rows), entries, "rows in the ledger")
    expect(rows == expected, "the ledger says something else than what was served")
    equal(met["whole"], entries, "whole answers, one for each entry")
    for word, share in [("reset", 0.10), ("cut", 0.05), ("busy", 0.05), ("stall", 0.02)]:
        # It is drawn from names, so these counts are the same each time: 1.1 to 1.4 of the share of the entries.
        expect(met[word] > share * entries, f"only {met[word]} of {sum(met.values())} requests met {word}")


@case(limit=60)
def an_ipv6_address_that_nobody_answers_at_costs_a_moment_and_no_entry(work):
    pictures = work.serve_pictures("families", ["one", "two", "three"])
    mounts.needed()
    hosts = work.folder / "hosts"
    hosts.write_text("::1 two-families\n127.0.0.1 two-families\n", encoding="ascii")
    bound = subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], capture_output=True, check=False)
    if bound.returncode != 0:
        raise Skipped(f"mounting: {bound.stderr.decode().strip()}")
    found = {found[0] for found in socket.getaddrinfo("two-families", 80, type=socket.SOCK_STREAM)}
    if found != {socket.AF_INET, socket.AF_INET6}:
        raise Skipped(f"the name has only {found}")
    port = int(work.nginx.url("").split(":")[2].split("/")[0])
    try:
        silent = socket.socket(socket.AF_INET6)
        silent.bind(("::1", port))
        silent.listen(0)
    except OSError as error:
        raise Skipped(f"IPv6 on loopback: {error}") from error
    # Its queue is full, so that further connections are neither made nor refused.
    waiting = []
    for _ in range(8):
        client = socket.socket(socket.AF_INET6)
        client.setblocking(False)
        client.connect_ex(("::1", port))
        waiting.append(client)
    base = work.nginx.url("families").replace("127.0.0.1", "two-families")
    run = work.flagdl("--retries", "0", "--connect-timeout", "5s", "-u", base, work.list("one", "two", "three"))
    run.expect_code(0).expect_tally(ok=3)
    work.expect_files(pictures, run)
    expect(run.usage.wall < 4, f"it took {run.usage.wall:.1f} s", run.details)
    for one in [silent, *waiting]:
        one.close()


def own_network(setup):
    """What to put before a shell's line so that it runs in a network of its own, where the line `setup` works."""
    namespace = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    allowed = shutil.which("unshare") and subprocess.run([*namespace, setup], capture_output=True, check=False)
    if not allowed or allowed.returncode != 0:
        raise Skipped(f"a network of its own: {allowed.stderr.decode().strip() if allowed else 'unshare'}")
    return namespace


@case()
def a_host_that_no_way_leads_to_is_tried_as_often_as_any_other(work):
    # No route at all, and one that says that nobody is there. One a run: where several hosts cannot be reached and nobody
    # else has been, that is taken for our network, which is waited for.
    setup = "ip link set lo up && ip route add unreachable 198.51.100.0/24"
    namespace = own_network(setup)
    for host, words in [("192.0.2.1", "Network is unreachable"), ("198.51.100.1", "No route to host")]:
        url = f"http://{host}/a.jpg"
        run = work.flagdl("--retries", "2", "--format", "ndjson", work.list(url),
                          wrapper=[*namespace, f'{setup} && exec "$0" "$@"'])
        entry = run.expect_code(1).entry(url)
        equal((entry["outcome"], entry["class"], entry["attempts"]), ("error", "connect", 3), host, run.details)
        expect(words in entry["message"], f"no word of {words!r}", run.details)


@case(limit=90)
def few_local_ports_cost_no_entry(work):
    setup = "ip link set lo up && echo 40000 40011 > /proc/sys/net/ipv4/ip_local_port_range"
    namespace = own_network(setup)
    names = [f"port{number}" for number in range(200)]
    served = work.folder / "pictures"
    served.mkdir()
    for name in names:
        (served / f"{name}.jpg").write_bytes(picture(name))
    # Both in the same network: the origin in the background, and what is downloaded from it.
    origin = f'"$0" serve --port 8000 --delay 20ms --dir "{served}" >/dev/null 2>&1 & origin=$!'
    script = f'{setup} && {{ {origin}; sleep 1; "$0" "$@"; code=$?; kill $origin; exit $code; }}'
    command = [*namespace, script, work.binary, "--dest", work.dest, "-c", "50", "--retries", "0"]
    out = work.folder / "out"
    with open(out, "wb") as file:
        process = Process(
            [*command, "-u", "http://127.0.0.1:8000/files", work.list(*names)], environment=work.environment(), cwd=work.folder,
            stdout=file, stderr=file)
        usage = process.wait(80)
    said = out.read_text(encoding="utf-8")
    equal(usage.code, 0, "exit code", said[-2000:])
    expect("200 ok, 0 not found, 0 errors" in said, "not every entry is ok", said[-2000:])
    equal(work.files(), {f"{name}.jpg": picture(name) for name in names}, "files")
    # Without a shortage it takes half a second; with one, nothing is started for five.
    expect(usage.wall > 1 + 5, f"it took only {usage.wall:.1f} s, so ports never ran out", said[-2000:])
