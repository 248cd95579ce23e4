import Glibc

/// Why a file or folder could not be written.
public struct PartialError: Error, Equatable, CustomStringConvertible {
  /// The system's error number.
  public let code: Int32

  init(_ code: Int32) { self.code = code }

  /// The reason alone: callers know the name that was asked for.
  public var description: String { String(cString: strerror(code)) }
}
