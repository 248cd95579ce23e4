import Files
import Foundation

/// Holds a folder against other servers as long as it lives.
final class FolderLock: Sendable {
  private let file: HeldFile

  /// - Throws: `APIError` if another server holds it.
  init(_ folder: URL) throws(APIError) {
    let path = folder.appendingPathComponent("server.lock").path
    do throws(HeldFile.Failure) {
      file = try HeldFile(path)
    } catch {
      switch error {
      case .busy:
        throw APIError(.conflict, "\(folder.path): another server uses this folder: name another one with `data`")
      case .system(let code):
        throw APIError(.insufficientStorage, "\(path): \(String(cString: strerror(code)))")
      }
    }
  }

  /// Lets another server have the folder.
  func release() { file.release() }
}
