"""Scheduled pulls: what carriers and PBXs tell when they are asked becomes files in the inbox.

    settings   rates/pulls.toml -> what to ask, whom, how often
    port       what a kind of pull is: windows to ask for, and the records of one
    kinds      the kinds there are, each a module: twilio, telnyx, voipms, vitelity, sipgate, freepbx, …
    web        requests: pauses, retries, TLS, no credentials in any error
    databases  what the two database reads share
    run        asks for one window after the other, writes files, moves the cursor

A pull asks again for the last days every time (`look_back`): calls appear late, and are priced late. Records are cut by
the hour that their calls began in, one file an hour, named by its content: an hour that did not change is the file that
is there already. What came twice all the same is one call, by its identity.
"""
