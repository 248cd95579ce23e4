import Foundation
import Glibc

/// What Foundation's errors about files say, in a line.
public enum FileFailure {
  /// The system's reason alone, such as `No space left on device`: callers know the name.
  public static func reason(_ error: any Error) -> String {
    guard let failure = error as? CocoaError else { return "\(error)" }
    guard let system = failure.underlying.map({ $0 as NSError }), system.domain == NSPOSIXErrorDomain else {
      return failure.localizedDescription
    }
    return String(cString: strerror(Int32(system.code)))
  }

  /// An error in a line that names the file; those that are not Foundation's say that themselves.
  public static func line(_ error: any Error) -> String {
    guard let failure = error as? CocoaError, let path = failure.filePath ?? failure.url?.path else {
      return reason(error)
    }
    return "\(path): \(reason(error))"
  }
}
