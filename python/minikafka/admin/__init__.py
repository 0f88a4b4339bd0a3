"""The HTTP admin: a running cluster looked at and steered by any program, in any language.

Everything that can be asked is one table of routes (`table.py`). A route says what it takes as a frozen dataclass and
what it answers as a NamedTuple; reading a request, writing the answer, the OpenAPI document and the reference page all
follow from these, so they cannot tell different stories. Handlers hold no state of their own: they look at the cluster
through the views of `runtime/control/`, and pull the levers of its supervisor.

Requests come from whoever can connect, so everything has a limit, and a web page that a developer happens to visit must
not be able to steer their brokers (`guards.py`).

    route.py       a route, and the ways to answer
    reading.py     from path, query and JSON body to the dataclass a handler takes
    plain.py       from what a handler answers to JSON
    problem.py     why a request is refused
    schema.py      both as JSON schemas
    table.py       all routes, and finding the one that is meant
    exposition.py  Prometheus' text format
    routes/        the handlers, one file per subject
    scope.py       what is administered: a whole cluster, or the one node of this process
    guards.py      who may ask: Host, Origin, token
    application.py one request from guard to answer
    connection.py  one HTTP connection (h11), its limits and timeouts
    server.py      the listening side
    stream.py      the event stream, its bounded queues
    openapi.py     the OpenAPI document
    client.py      the other side, for the command line
"""
