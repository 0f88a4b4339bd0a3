"""What a cluster keeps of the machine while its nodes come and go: a directory, and a port or two for each node."""

from __future__ import annotations

import os
from collections.abc import Iterable

from minikafka.errors import ConfigError, nearest
from minikafka.runtime.directories import DataDirectory
from minikafka.runtime.embedded import Place
from minikafka.runtime.plan import plan_of
from minikafka.runtime.ports import INTERNAL_HOST, Port
from minikafka.runtime.spec import ClusterSpec
from minikafka.types import CONTROLLER_ID, BrokerId


class Premises:
    """Held from construction to `release`."""

    def __init__(self, spec: ClusterSpec) -> None:
        """Checks the settings, locks the directory and takes the ports. Raises ConfigError."""
        for broker in spec.broker_ids:
            spec.settings(broker)
        self._spec = spec
        self.directory = DataDirectory(spec.data_dir)
        self._ports: list[Port] = []
        try:
            self._cluster_id = self.directory.cluster_id
            controller = self._port(INTERNAL_HOST, 0)
            self.controller = (controller.host, controller.port)
            """Where the controller listens."""
            self.places = [self._place(CONTROLLER_ID, [controller])]
            """Of each node, the controller's first."""
            for broker in spec.broker_ids:
                clients = [self._port(spec.host, spec.port(broker))]
                clients += [self._port(one.host, one.port_of(broker)) for one in spec.listeners]
                self.places.append(self._place(broker, [*clients, self._port(INTERNAL_HOST, 0)]))
        except BaseException:
            self.release()
            raise
        self._plans = {place.plan.node: place.plan for place in self.places}

    def client_address(self, broker: BrokerId, listener: str | None = None) -> tuple[str, int]:
        """What clients are told; on a further listener, by its name. Raises ConfigError when there is none."""
        if listener is None:
            return self._plans[broker].advertised
        known = [one.name for one in self._spec.listeners]
        if listener not in known:
            raise ConfigError(f"there is no further listener {listener!r}{nearest(listener, known)}")
        return self._plans[broker].further[known.index(listener)].advertised

    def internal_address(self, node: BrokerId) -> tuple[str, int]:
        """Where peers reach a node; what cuts its clients off does not touch it."""
        return self._plans[node].internal

    def release(self) -> None:
        """Give back the ports and, if it was temporary, the directory."""
        for port in self._ports:
            port.release()
        self.directory.close()

    def abandon(self, others: Iterable[int]) -> None:
        """Close this process's copies of the ports and of `others`, descriptors of sockets, in a child that was forked
        from ours.

        Replaced rather than closed: the objects that own the descriptors are still there, and will close them again.
        """
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (*(port.descriptor() for port in self._ports), *others):
            os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    def _place(self, node: BrokerId, ports: list[Port]) -> Place:
        addresses = [(port.host, port.port) for port in ports]
        plan = plan_of(node, self._spec, self.directory, self._cluster_id, addresses, self.controller)
        return Place(plan, ports)

    def _port(self, host: str, port: int) -> Port:
        held = Port(host, port)
        self._ports.append(held)
        return held
