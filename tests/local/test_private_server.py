from pathlib import Path

import pytest

from deploy.local.failures import CannotStart, DiskFull, NotInstalled, PartFailed, PortTaken
from deploy.local.private_server import explain

# As the servers wrote them, on a full tmpfs, on a taken port and without the library; shortened.
MONGOD_DISK_FULL = (
    '{"s":"F","c":"ASSERT","id":23093,"ctx":"initandlisten","msg":"Fatal assertion","attr":{"msgid":50708,"error":'
    '"CannotCreateCollection: Failed to create collection. Ns: local.replset.oplogTruncateAfterPoint '
    'Error: UnknownError: 28: No space left on device"}}'
)
MONGOD_PORT_TAKEN = (
    '{"s":"E","c":"CONTROL","id":20568,"ctx":"initandlisten","msg":"Error setting up listener",'
    '"attr":{"error":{"code":9001,"codeName":"SocketException","errmsg":"Address already in use"}}}'
)
RABBITMQ_DISTRIBUTION_TAKEN = (
    "[notice] <0.44.0> Application rabbitmq_prelaunch exited with reason: {{shutdown,{failed_to_start_child,"
    'prelaunch,{dist_port_already_used,21673,not_erlang,"localhost"}}},{rabbit_prelaunch_app,start,[normal,[]]}}'
)
MONGOD_LIBRARY_MISSING = (
    "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file: "
    "No such file or directory"
)


@pytest.mark.parametrize(
    ("line", "kind", "remedy"),
    [
        (MONGOD_DISK_FULL, DiskFull, "free some room"),
        ("** reason: {error,enospc}", DiskFull, "free some room"),
        (MONGOD_PORT_TAKEN, PortTaken, "start again"),
        (RABBITMQ_DISTRIBUTION_TAKEN, PortTaken, "start again"),
        (MONGOD_LIBRARY_MISSING, NotInstalled, "apt-get install"),
        ("something else broke", PartFailed, "something else broke"),
    ],
)
def test_a_server_that_did_not_start_is_explained_by_its_log(
    tmp_path: Path, line: str, kind: type[CannotStart], remedy: str
) -> None:
    log = tmp_path / "server.log"
    log.write_text(f"starting\n{line}\n")
    failure = explain("mongod", "ended with exit code 14", log)
    assert type(failure) is kind
    assert remedy in str(failure)
    assert "mongod ended with exit code 14" in str(failure)
