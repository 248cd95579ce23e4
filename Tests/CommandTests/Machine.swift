import Foundation

/// What this machine has for several processes.
enum Machine {
  private static func isInstalled(_ program: String) -> Bool {
    ["/usr/bin", "/usr/sbin", "/sbin", "/bin"].contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
    }
  }

  static var hasMPI: Bool { isInstalled("mpirun") && isInstalled("pkill") }
  /// Namespaces are root's to make.
  static var hasHosts: Bool { hasMPI && isInstalled("ip") && isInstalled("unshare") && getuid() == 0 }

  /// Starts more processes than there are cores.
  static let mpirun =
    "mpirun --quiet --oversubscribe --bind-to none\(getuid() == 0 ? " --allow-run-as-root" : "")"
}
