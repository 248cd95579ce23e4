import Foundation
import Glibc
import Server

/// A connection that says whatever a test wants, and goes away when it is dropped.
final class RawConnection: Sendable {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw POSIXError(.ECONNREFUSED) }
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// What comes until the server closes, or `mark` was seen.
  func read(until mark: String? = nil) async throws -> String {
    try await Blocking.run { [self] in wait(until: mark) }
  }

  private func wait(until mark: String?) -> String {
    var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { break }
      bytes += buffer[..<count]
      if let mark, String(decoding: bytes, as: UTF8.self).contains(mark) { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Sends a request.
  func ask(_ method: String, _ path: String, _ headers: [String: String] = [:], body: String = "") {
    var lines = ["\(method) \(path) HTTP/1.1"]
    for (name, value) in ["Content-Length": "\(body.utf8.count)"].merging(headers, uniquingKeysWith: { $1 }) {
      lines.append("\(name): \(value)")
    }
    send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
  }
}
