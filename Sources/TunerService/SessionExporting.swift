import KernelSpace
import Tuner
import TunerAPI

extension ServiceParts {
    /// Events read at once.
    private static let eventPage = 1024

    /// The document; `entry` may be nil where the session has one only.
    func export(_ session: Session, entry: Int?, as format: ExportFormat) throws -> String {
        let workload = session.request.workload
        guard let entry = entry ?? (workload.count == 1 ? 0 : nil) else {
            let entries = workload.enumerated()
                .map { "\($0) is \($1.kernel) \($1.problem)" }.joined(separator: ", ")
            throw TunerError(
                .badRequest,
                "cannot export session \(session.id) as a whole: it has \(workload.count) problems",
                hint: "name one of them by its entry: \(entries)")
        }
        let export = try SessionExport(
            session: session, entry: entry, trials: try trials(of: session, entry: entry),
            // A kernel that is gone leaves the trials, which need it only for the space.
            kernel: try? kernels.catalogue.kernel(named: workload[entry].kernel),
            device: identity.device)
        return switch format {
        case .t4: export.t4
        case .t1: try export.t1()
        }
    }

    /// From the events, which know when a trial was committed.
    private func trials(of session: Session, entry: Int) throws -> [SessionExport.DatedTrial] {
        var trials: [SessionExport.DatedTrial] = []
        var next = 0
        while true {
            let page = try store.events(session: session.id, from: next, limit: Self.eventPage)
            guard let last = page.last else { return trials }
            for event in page {
                if case .trial(let trial) = event.body, trial.entry == entry {
                    trials.append((event.time, trial))
                }
            }
            next = last.number + 1
        }
    }
}
