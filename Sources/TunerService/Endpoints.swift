import Hummingbird
import KernelSpace
import Tuner
import TunerAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Endpoint {
    /// Every route with what it does; a test compares it with `Route.all` and docs/openapi.yaml.
    static let all: [Endpoint] = [
        Endpoint(route: .health) { parts, _ in
            try .json(Health(version: parts.identity.version))
        },
        Endpoint(route: .status) { parts, _ in try .json(await parts.status()) },
        Endpoint(route: .targets) { parts, _ in
            let native = parts.identity.nativeTarget
            let device = parts.identity.device
            return try .json(
                TargetList(
                    targets: Target.all.map { TargetSummary($0, on: device, native: native) }))
        },
        Endpoint(route: .strategies) { _, _ in try .json(StrategyList.all) },
        Endpoint(route: .kernels) { parts, _ in
            try .json(KernelList(parts.kernels.catalogue))
        },
        Endpoint(route: .kernel) { parts, call in
            let catalogue = parts.kernels.catalogue
            let kernel = try catalogue.kernel(named: call.arguments[0])
            let entry = catalogue.entries.first { $0.kernel.name == kernel.name }
            return try .json(KernelDetail(kernel, folder: entry?.folder ?? ""))
        },
        Endpoint(route: .addKernels) { parts, call in
            let request = try call.decode(AddKernels.self, names: ["folder"])
            let added = try parts.kernels.add(request.folder)
            parts.log.info("kernel folder added", metadata: ["folder": "\(request.folder)"])
            return try .json(added, status: .created)
        },
        Endpoint(route: .createSession) { parts, call in
            let request = try call.decode(CreateSession.self, names: CreateSession.names)
            let session = try await parts.scheduler.submit(try parts.validated(request))
            return try .json(session, status: .created)
        },
        Endpoint(route: .sessions) { parts, _ in
            try .json(SessionList(sessions: parts.store.sessions()))
        },
        Endpoint(route: .session) { parts, call in
            try .json(try parts.session(call.arguments[0]))
        },
        Endpoint(route: .trials, query: ["entry"]) { parts, call in
            let session = try parts.session(call.arguments[0])
            let entry = try call.number("entry", in: 0..<session.request.workload.count)
            return try .json(
                TrialList(trials: parts.store.trials(session: session.id, entry: entry)))
        },
        Endpoint(route: .export, query: ["entry", "format"]) { parts, call in
            let session = try parts.session(call.arguments[0])
            let entry = try call.number("entry", in: 0..<session.request.workload.count)
            let text = try parts.export(session, entry: entry, as: try call.exportFormat())
            return .json(bytes: Data(text.utf8))
        },
        Endpoint(route: .cancelSession, query: ["keep"]) { parts, call in
            let keep = try call.flag("keep")
            return try .json(try await parts.scheduler.cancel(call.arguments[0], keep: keep))
        },
        Endpoint(route: .events, query: ["from"]) { parts, call in
            let session = try parts.session(call.arguments[0])
            let first = try call.number("from", in: 0..<Int.max) ?? 0
            return EventStream(session: session.id, parts: parts, channel: call.channel)
                .response(from: first)
        },
        Endpoint(route: .records, query: ["kernel"]) { parts, call in
            try .json(parts.lookups.list(kernel: call.query["kernel"]))
        },
        Endpoint(route: .lookup, query: ["kernel", "problem", "target"]) { parts, call in
            let question = Lookups.Question(
                kernel: try call.text("kernel"), problem: try call.text("problem"),
                target: try call.text("target"))
            return .json(bytes: try parts.lookups.answer(to: question))
        },
    ]
}

extension Call {
    /// A query item that must be there.
    fileprivate func text(_ name: String) throws -> String {
        guard let text = query[name] else {
            throw TunerError(.badRequest, "the query needs \"\(name)\"")
        }
        return text
    }

    /// Nil if it is not there.
    fileprivate func number(_ name: String, in range: Range<Int>) throws -> Int? {
        guard let text = query[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw TunerError(
                .badRequest,
                "\(name) is \"\(text)\"; it must be a number from \(range.lowerBound)"
                    + (range.upperBound == Int.max ? " on" : " to \(range.upperBound - 1)"))
        }
        return number
    }

    /// T4 if it is not there.
    fileprivate func exportFormat() throws -> ExportFormat {
        guard let text = query["format"] else { return .t4 }
        guard let format = ExportFormat(rawValue: text) else {
            throw TunerError(.badRequest, "format is \"\(text)\"; it must be t4 or t1")
        }
        return format
    }

    /// False if it is not there.
    fileprivate func flag(_ name: String) throws -> Bool {
        switch query[name] {
        case nil, "false": return false
        case "true": return true
        case .some(let text):
            throw TunerError(.badRequest, "\(name) is \"\(text)\"; it must be true or false")
        }
    }
}

extension ServiceParts {
    /// Throws `.notFound`.
    fileprivate func session(_ id: String) throws -> Session {
        // Anything else cannot be the name of a session, and may be no key of the store.
        let isName =
            (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                UInt8(ascii: "-") == $0 || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
            }
        guard isName, let session = try store.session(id: id) else {
            throw TunerError(
                .notFound, "there is no session \(id.prefix(64))", hint: "see tunectl sessions")
        }
        return session
    }

    fileprivate func status() async throws -> Status {
        let catalogue = kernels.catalogue
        let (running, queued) = await scheduler.state
        let holder = measuringLock.holder().flatMap {
            Int($0.process) == identity.process ? nil : "process \($0.process): \($0.activity)"
        }
        return Status(
            version: identity.version, process: identity.process, started: identity.started,
            socket: identity.socket, stateDirectory: identity.stateDirectory,
            kernelFolders: kernels.folders, compiler: identity.compiler, isolation: .ofHost,
            device: identity.device,
            nativeTarget: identity.nativeTarget, kernels: catalogue.entries.count,
            rejectedKernels: catalogue.rejected.count,
            records: try store.records(kernel: nil).count, running: running, queued: queued,
            measuringElsewhere: holder)
    }
}
