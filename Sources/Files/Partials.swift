import Foundation
import Glibc
import Synchronization

/// The files and folders this process is writing, each under a name of its own until it is whole:
/// `.imago-PROCESS-NUMBER.partial` beside its place.
///
/// What is on this list when the process is told to end is removed by `removeForExit`. What a process left that had no
/// time for that (power failure, SIGKILL) is removed by the next one that writes into the same folder.
public enum Partials {
  private struct State {
    var paths: Set<String> = []
    /// Folders made on the way to them, the deepest first: not kept empty.
    var madeFolders: [String] = []
    var sweptFolders: Set<String> = []
    var isClosed = false
  }

  private static let state = Mutex(State())
  private static let serial = Atomic<Int>(0)
  private static let (prefix, suffix) = (".imago-", ".partial")

  /// A name in a folder that is free, on the list from now on.
  /// - Parameters:
  ///   - folder: looked through for what others left, the first time.
  ///   - ending: behind the name, for writers that go by it.
  static func claim(in folder: String, ending: String = "") -> String {
    let isNew = state.withLock { $0.sweptFolders.insert(folder).inserted }
    if isNew { sweep(folder) }
    let number = serial.add(1, ordering: .relaxed).newValue
    let path = "\(folder)/\(prefix)\(getpid())-\(number)\(suffix)" + (ending.isEmpty ? "" : ".\(ending)")
    change { $0.paths.insert(path) }
    return path
  }

  /// Makes a folder and those above it that are missing. They stay while something unfinished is claimed in them, so claim
  /// first: another thread that clears up takes empty folders away.
  static func make(folder: String) throws(PartialError) {
    var missing: [String] = []
    var above = folder
    while above != "/", access(above, F_OK) != 0, errno == ENOENT {
      missing.append(above)
      above = PartialFile.folder(of: above)
    }
    change { $0.madeFolders.insert(contentsOf: missing, at: 0) }
    for path in missing.reversed() where mkdir(path, 0o777) != 0 && errno != EEXIST {
      let code = errno
      dropEmptyFolders()
      throw PartialError(code)
    }
    var info = stat()
    guard stat(folder, &info) == 0 else { throw PartialError(errno) }
    guard info.st_mode & S_IFMT == S_IFDIR else { throw PartialError(ENOTDIR) }
  }

  /// Removes the folders that were made, are empty still and wait for nothing.
  static func dropEmptyFolders() {
    change { state in
      let claimed = state.paths
      state.madeFolders.removeAll { folder in
        !claimed.contains { $0.hasPrefix(folder + "/") } && (rmdir(folder) == 0 || errno == ENOENT)
      }
    }
  }

  /// Takes a path from the list.
  static func release(_ path: String) { change { $0.paths.remove(path) } }

  /// Gives what is finished its place and takes it from the list, with no end of the process in between.
  /// - Parameters:
  ///   - place: the folders made on the way to it are kept then.
  ///   - work: returns whether the path stands for nothing unfinished any more.
  static func settle(_ path: String, at place: String? = nil, _ work: () -> Bool) {
    change { state in
      guard work() else { return }
      state.paths.remove(path)
      if let place { state.madeFolders.removeAll { place.hasPrefix($0 + "/") } }
    }
  }

  private static func change(_ work: (inout State) -> Void) {
    let isClosed = state.withLock { state in
      if !state.isClosed { work(&state) }
      return state.isClosed
    }
    // The process is about to end, on another thread.
    while isClosed { pause() }
  }

  /// Removes everything unfinished; whoever writes more afterwards waits for the end of the process. Call `_exit` next.
  public static func removeForExit() {
    let (paths, folders) = state.withLock { state in
      state.isClosed = true
      return (state.paths, state.madeFolders)
    }
    // Again while another thread puts files into a folder that is being removed.
    for _ in 0..<20 where !paths.filter({ !remove($0) }).isEmpty { usleep(1000) }
    for folder in folders { rmdir(folder) }
  }

  /// - Returns: whether nothing is left at the path.
  @discardableResult
  static func remove(_ path: String) -> Bool {
    if unlink(path) == 0 || errno == ENOENT { return true }
    try? FileManager.default.removeItem(atPath: path)
    return access(path, F_OK) != 0
  }

  // MARK: What others left

  /// Removes a folder's partial files and folders whose process is gone.
  package static func sweep(_ folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard let process = process(of: name) else { continue }
      let path = "\(folder)/\(name)"
      if isLeftBehind(path, by: process) { remove(path) }
    }
  }

  /// Whether a name is that of something unfinished.
  public static func isPartial(_ name: String) -> Bool { process(of: name) != nil }

  /// The process a partial file belongs to; nil for any other name.
  static func process(of name: String) -> Int32? {
    guard name.hasPrefix(prefix) else { return nil }
    // At most one ending of the finished file's stands behind the suffix.
    let pieces = name.dropFirst(prefix.count).split(separator: ".", omittingEmptySubsequences: false)
    guard (2...3).contains(pieces.count), pieces[1] == suffix.dropFirst() else { return nil }
    let parts = pieces[0].split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }) else {
      return nil
    }
    return Int32(parts[0]).flatMap { $0 > 0 ? $0 : nil }
  }

  /// Writers hold a lock on what they write; their number may be another machine's or container's.
  private static func isLeftBehind(_ path: String, by process: Int32) -> Bool {
    if process == getpid() {
      if state.withLock({ $0.paths.contains(path) }) { return false }
    } else if isAlive(process) {
      return false
    }
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0, [S_IFREG, S_IFDIR].contains(info.st_mode & S_IFMT) else { return false }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  /// Whether a process runs; one that has ended and that nobody asked for its status does not.
  private static func isAlive(_ process: Int32) -> Bool {
    guard kill(process, 0) == 0 || errno == EPERM else { return false }
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let state = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ").dropFirst().first
    else { return true }
    return state != "Z" && state != "X"
  }
}
