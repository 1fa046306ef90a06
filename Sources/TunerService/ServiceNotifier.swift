#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells the service manager how the daemon is: sd_notify(3), the protocol of systemd, without its library.
package struct ServiceNotifier: Sendable {
    /// NOTIFY_SOCKET: a path, or `@` and a name in the abstract namespace; nil without a service manager.
    private let socketName: String?

    package init(environment: [String: String]) { socketName = environment["NOTIFY_SOCKET"] }

    /// The socket answers.
    package func ready() { send("READY=1") }
    /// The daemon begins to end.
    package func stopping() { send("STOPPING=1\nSTATUS=stopping") }
    /// What `systemctl status` shows; one line.
    package func status(_ text: String) {
        send("STATUS=" + text.replacing("\n", with: " "))
    }

    /// One datagram; without effect if nobody listens, since a daemon works as well unwatched.
    private func send(_ state: String) {
        guard let socketName, socketName.hasPrefix("/") || socketName.hasPrefix("@") else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socketName.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.count < capacity else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { place in
            place.copyBytes(from: path)
            if path[0] == UInt8(ascii: "@") { place[0] = 0 }
        }
        #if os(Linux)
            let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let kind = SOCK_DGRAM
        #endif
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size - capacity + path.count)
        let bytes = Array(state.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT), $0, length)
            }
        }
    }
}
