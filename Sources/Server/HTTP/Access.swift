import Foundation
import Hummingbird

/// Who may ask the server for anything.
package struct Access: Sendable {
  /// nil for everybody who reaches the address.
  private let token: [UInt8]?
  /// Names by which the server may be called when it has no token: pages of the web that find their way to this machine under
  /// another name are not let in.
  private let hosts: Set<String>
  /// Origins of pages of others that may ask; `*` for all.
  let origins: [String]

  /// - Parameter host: the address the server listens at.
  package init(token: String?, host: String, origins: [String] = []) {
    self.token = token.map { Array($0.utf8) }
    self.origins = origins
    hosts = ["localhost", "127.0.0.1", "::1", host.lowercased()]
  }

  /// Throws unless the request comes from somebody who may ask.
  func check(_ request: Request) throws(APIError) {
    try checkOrigin(request)
    guard let token else {
      guard let host = request.head.authority.map(Self.host), !hosts.contains(host) else { return }
      throw APIError(.forbidden, "the server does not answer to the name \(host.prefix(80)) without a token")
    }
    guard let given = Self.token(request), Self.isEqual(given, token) else {
      throw APIError(.unauthorized, "Incorrect username or password")
    }
  }

  /// Browsers say which page a request comes from; another's is not let in unless it was asked for.
  private func checkOrigin(_ request: Request) throws(APIError) {
    guard let origin = request.headers[.origin], !origins.contains("*"), !origins.contains(origin) else { return }
    let own = request.head.authority.map { ["http://\($0)", "https://\($0)"] } ?? []
    if !own.contains(origin) {
      throw APIError(.forbidden, "pages of \(origin.prefix(80)) may not ask: start with `cors` to let them")
    }
  }

  /// The token of `Bearer`, or the password of `Basic`, whatever the user's name.
  private static func token(_ request: Request) -> [UInt8]? {
    guard let header = request.headers[.authorization] else { return nil }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    let value = parts[1].trimmingCharacters(in: .whitespaces)
    switch parts[0].lowercased() {
    case "bearer": return Array(value.utf8)
    case "basic":
      guard let pair = Data(base64Encoded: value), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
        return nil
      }
      return Array(pair[pair.index(after: colon)...])
    default: return nil
    }
  }

  /// Takes as long wherever two texts differ.
  private static func isEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// A host without its port and brackets.
  private static func host(_ authority: String) -> String {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      return String(authority[authority.index(after: authority.startIndex)..<end]).lowercased()
    }
    return authority.split(separator: ":", omittingEmptySubsequences: false).first.map { $0.lowercased() } ?? ""
  }

  /// Whether the server's address is this machine's alone.
  package static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}

/// Lets nobody in who may not ask. The page and its files hold nothing secret.
struct AccessMiddleware: RouterMiddleware {
  let access: Access

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    let isPage = request.method == .get && (request.uri.path == "/" || request.uri.path.hasPrefix("/assets/"))
    // Browsers ask whether they may ask, without saying who.
    if !isPage, !(request.method == .options && !access.origins.isEmpty) { try access.check(request) }
    return try await next(request, context)
  }
}
