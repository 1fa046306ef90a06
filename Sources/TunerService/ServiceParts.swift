import KernelSpace
import Logging
import Tuner
import TunerAPI

/// What the daemon's HTTP interface is made of; put together by the executable, or by a test.
package struct ServiceParts: Sendable {
    /// What does not change while the daemon runs.
    package struct Identity: Sendable {
        package var version: String
        package var process: Int
        /// Seconds since 1970.
        package var started: Double
        package var socket: String
        package var stateDirectory: String
        package var device: Device
        package var compiler: Status.Compiler

        package init(
            version: String, process: Int, started: Double, socket: String, stateDirectory: String,
            device: Device, compiler: Status.Compiler
        ) {
            self.version = version
            self.process = process
            self.started = started
            self.socket = socket
            self.stateDirectory = stateDirectory
            self.device = device
            self.compiler = compiler
        }

        /// What `cpu-native` means here; nil if the device runs no target.
        package var nativeTarget: String? {
            // The error says what even the weakest target needs, which the list of targets shows too.
            try? Target.resolve("cpu-native", on: device).name
        }
    }
    package var identity: Identity
    package var store: any RecordStore
    package var provider: any EvaluatorProvider
    package var kernels: KernelPath
    package var lookups: Lookups
    package var hub: EventHub
    package var scheduler: Scheduler
    package var measuringLock: MeasuringLock
    package var log: Logger

    /// `lookups` and `scheduler` are made of the rest.
    package init(
        identity: Identity, store: any RecordStore, provider: any EvaluatorProvider,
        kernels: KernelPath, hub: EventHub = EventHub(),
        measuringLock: MeasuringLock, log: Logger, clock: SessionRunner.Clock,
        resumes: Bool = true, statusChanged: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        self.identity = identity
        self.store = store
        self.provider = provider
        self.kernels = kernels
        self.hub = hub
        self.measuringLock = measuringLock
        self.log = log
        let lookups = Lookups(
            store: store, provider: provider, kernels: kernels, device: identity.device,
            compiler: identity.compiler.build)
        self.lookups = lookups
        scheduler = try Scheduler(
            store: store, provider: provider, clock: clock, log: log, resumes: resumes,
            publish: { event in
                if case .entryFinished = event.body { lookups.forget() }
                hub.publish(event)
            }, statusChanged: statusChanged)
    }
}
