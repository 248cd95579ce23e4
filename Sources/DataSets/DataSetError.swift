import Glibc

/// What is wrong with a data set, or with what was asked of one. Every description is one line.
public enum DataSetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// The file or folder cannot be made, written or renamed.
  case unwritable(path: String, reason: String)
  /// A file of that format contradicts itself or ends early.
  case damaged(path: String, format: String, reason: String)
  /// The format allows it, this reader does not take it.
  case unsupported(path: String, what: String)
  /// There is nothing to read, or what is there does not say what it is.
  case noData(path: String, reason: String)
  /// Something was asked for that the data does not have.
  case badRequest(String)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason.onOneLine)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason.onOneLine)"
    case .damaged(let path, let format, let reason):
      "\(path): damaged \(format) file: \(reason.onOneLine); fetch it again"
    case .unsupported(let path, let what): "\(path): \(what.onOneLine)"
    case .noData(let path, let reason): "\(path): \(reason.onOneLine)"
    case .badRequest(let reason): reason.onOneLine
    }
  }
}

/// What a decoder finds wrong in bytes; whoever knows the file turns it into a `DataSetError`.
package enum Fault: Error, Equatable {
  case damaged(String)
  case unsupported(String)

  /// The same as an error of a file.
  func inFile(_ path: String, format: String) -> DataSetError {
    switch self {
    case .damaged(let reason): .damaged(path: path, format: format, reason: reason)
    case .unsupported(let what): .unsupported(path: path, what: what)
    }
  }
}

extension String {
  /// The text on one line of bounded length: names in files from elsewhere hold anything.
  var onOneLine: String {
    var out = String.UnicodeScalarView()
    for (index, scalar) in unicodeScalars.enumerated() {
      if index == 400 { return String(out) + "…" }
      let isControl = scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
      out.append(isControl ? " " : scalar)
    }
    return String(out)
  }
}

/// What a call of the system said went wrong last.
var systemReason: String { String(cString: strerror(errno)) }
