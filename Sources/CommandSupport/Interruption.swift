import CFiles
import Files
import Foundation
import Glibc
import Synchronization

/// Ctrl-C, SIGTERM and a closed terminal (SIGHUP) ask a command to stop and to keep what is finished.
///
/// One thread waits for them. The work is asked first, and stops at its next step by `check`. Where that takes longer than a
/// person waits (a file that loads, a large picture on its way through the decoder) the thread ends the process itself:
/// files have their names only once they are whole, so nothing finished is lost and nothing unfinished is left. A second
/// signal does that at once.
public enum Interruption {
  /// Thrown where the work stops.
  public struct Stopped: Error, CustomStringConvertible {
    public let description = "interrupted; finished work is kept"
    public init() {}
  }

  /// The first signal; 0 for none.
  private static let received = Atomic<Int32>(0)
  /// How many pieces of work want to finish their step, whatever it takes.
  private static let finishing = Atomic<Int>(0)
  /// How long the work has for stopping by itself, in seconds.
  private static let patience = 0.7

  /// Starts listening. To be called once, before the first thread starts: threads inherit what they are not to receive.
  static func install() {
    // Under nohup a closed terminal is nothing to end for. Ctrl-C always is, also for a script's background process.
    var numbers = [SIGINT, SIGTERM, SIGQUIT] + (cf_is_ignored(SIGHUP) ? [] : [SIGHUP])
    // `mpirun` hands this one on and gives no time limit with it (`ProcessLauncher`).
    if ProcessPlace.isStarted { numbers.append(SIGUSR1) }
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in numbers { sigaddset(&signals, number) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    for number in numbers { signal(number, SIG_DFL) }
    let wanted = signals
    let thread = Thread { listen(wanted) }
    thread.stackSize = 1 << 18
    thread.start()
  }

  /// Whether the command was asked to stop.
  public static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

  /// Throws once the command was asked to stop.
  public static func check() throws {
    if isRequested { throw Stopped() }
  }

  /// Does work that stops by itself, by `isRequested`, and is not ended before it has: training, which saves its state
  /// first. A second signal ends it all the same.
  public static func finishingFirst<R>(_ work: () throws -> R) rethrows -> R {
    finishing.add(1, ordering: .relaxed)
    defer { finishing.subtract(1, ordering: .relaxed) }
    return try work()
  }

  /// Starts another program, which is not to inherit what this one's threads do not receive.
  static func withoutBlocks<R>(_ start: () throws -> R) rethrows -> R {
    var (none, own) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &own)
    defer { pthread_sigmask(SIG_SETMASK, &own, nil) }
    return try start()
  }

  /// The exit status of a command that was interrupted, as shells count: 130 for Ctrl-C. For one of several that `ProcessLauncher`
  /// stops, 0: it speaks for all, and `mpirun` takes anything else for a loss.
  static var status: Int32 { isForLauncher ? 0 : 128 + received.load(ordering: .relaxed) }

  /// Whether the command that started this one as one of several asked it to stop.
  static var isForLauncher: Bool { received.load(ordering: .relaxed) == SIGUSR1 }

  private static func listen(_ signals: sigset_t) {
    var signals = signals
    var number: Int32 = 0
    while sigwait(&signals, &number) != 0 {}
    received.store(number, ordering: .relaxed)
    if number != SIGQUIT {
      let whole = Int(patience)
      var time = timespec(tv_sec: whole, tv_nsec: Int((patience - Double(whole)) * 1e9))
      while true {
        let next = sigtimedwait(&signals, nil, &time)
        if next > 0 { break }
        if errno == EAGAIN, finishing.load(ordering: .relaxed) == 0 { break }
      }
    }
    if !ProcessPlace.isFollower, !isForLauncher { Terminal.lastWords("error: \(Stopped())") }
    Partials.removeForExit()
    _exit(status)
  }
}
