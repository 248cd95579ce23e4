import Foundation
import Glibc
import Synchronization

/// Ctrl-C asks a command to stop within a step and to keep what is finished.
public enum Interruption {
  private static let requested = Atomic<Bool>(false)

  /// Thrown where the work stops.
  public struct Stopped: Error, CustomStringConvertible {
    public let description = "interrupted; finished work is kept"
    public init() {}
  }

  /// Starts listening; a second Ctrl-C ends the process at once.
  public static func install() {
    signal(SIGINT) { number in
      Interruption.requested.store(true, ordering: .relaxed)
      signal(number, SIG_DFL)
    }
  }

  public static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Throws once Ctrl-C was pressed.
  public static func check() throws {
    if isRequested { throw Stopped() }
  }
}
