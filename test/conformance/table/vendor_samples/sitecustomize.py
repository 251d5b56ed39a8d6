"""Python runs this before a sample of the vendor: the service's names lead to the server under test, and whoever signs in
has a token it trusts. The samples themselves are unchanged.
"""

import azure.identity
import azure.identity.aio
from devtools_testutils import account, network

azure.identity.DefaultAzureCredential = account.Credential
azure.identity.aio.DefaultAzureCredential = account.AsyncCredential
network.redirect()
network.shorten_sleeps()
