import Foundation
import Glibc

/// What must be decided before the thread pool's library starts.
public enum Launcher {
  /// Restarts the process once with a short spin for waiting threads, unless the user has decided.
  ///
  /// libgomp reads its wait policy when it is loaded, before `main`. By default waiting threads spin so long that on a busy
  /// machine they take the core from the very thread they wait for, and a step takes ten times as long. A spin of about
  /// 0.1 ms covers the gaps between kernels and gives the core away after that.
  public static func settleThreadWaiting() {
    if getenv("OMP_WAIT_POLICY") != nil || getenv("GOMP_SPINCOUNT") != nil { return }
    setenv("GOMP_SPINCOUNT", "10000", 1)
    var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    // If the restart is not possible the process goes on as it is: slower when busy, never wrong.
    execv("/proc/self/exe", &arguments)
    for argument in arguments { free(argument) }
  }
}
