import Foundation

/// The memory a process can still have.
public enum MachineMemory {
  /// Bytes that can be had without swapping: what Linux thinks is available, within the limits of the control groups
  /// the process is in. nil where the system does not say.
  /// - Parameters:
  ///   - machine: `/proc/meminfo`.
  ///   - groups: folders of control groups, version 2.
  public static func available(
    machine: String = "/proc/meminfo", groups: [String] = ["/sys/fs/cgroup"]
  ) -> Int? {
    let free = kilobytes("MemAvailable", in: machine).map { $0 * 1024 }
    let limits = groups.compactMap { folder -> Int? in
      guard let limit = number("\(folder)/memory.max"), let used = number("\(folder)/memory.current") else {
        return nil
      }
      // Pages of files that nobody has used lately are given back first.
      let files = fields("\(folder)/memory.stat")["inactive_file"] ?? 0
      return max(limit - used + files, 0)
    }
    return ([free].compactMap { $0 } + limits).min()
  }

  /// Bytes of memory the process has now; nil where the system does not say.
  public static func used() -> Int? { kilobytes("VmRSS", in: "/proc/self/status").map { $0 * 1024 } }

  /// The most the process has had.
  public static func peak() -> Int? { kilobytes("VmHWM", in: "/proc/self/status").map { $0 * 1024 } }

  private static func kilobytes(_ key: String, in path: String) -> Int? { fields(path)[key] }

  /// Lines of a name and a number.
  private static func fields(_ path: String) -> [String: Int] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
    let pairs = text.split(separator: "\n").compactMap { line -> (String, Int)? in
      let parts = line.split { $0 == ":" || $0.isWhitespace }
      guard parts.count >= 2, let value = Int(parts[1]) else { return nil }
      return (String(parts[0]), value)
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// A file that holds one number.
  private static func number(_ path: String) -> Int? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
  }
}
