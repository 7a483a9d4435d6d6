import pytest

from tests.deploy.manifests import DEPLOY, Rendered, render


@pytest.fixture(scope="session")
def production() -> Rendered:
    """The overlay as it is. Not to be changed: it is made once."""
    return render(DEPLOY / "overlays" / "production")
