import Conditioning
import Foundation

extension OutputNaming {
  /// Throws unless a file of that name could be written there, before any work is done. Leaves nothing behind.
  /// - Parameters:
  ///   - url: the file; there may be one already.
  ///   - mayBeFolder: whether another name is taken if it is a folder's.
  ///   - flag: what asked for it, for messages.
  ///   - room: bytes that must be free in the name besides it, for what is written beside the file.
  public static func check(_ url: URL, flag: String = "`output`", room: Int = 0, mayBeFolder: Bool = false)
    throws(GenerationError)
  {
    let (name, folder) = (url.lastPathComponent, url.deletingLastPathComponent().standardizedFileURL)
    func bad(_ reason: String) -> GenerationError { .badValue(name: flag, value: name, reason: reason) }
    func badFolder(_ reason: String) -> GenerationError { .badValue(name: flag, value: folder.path, reason: reason) }
    let bytes = name.utf8.count + room
    guard bytes <= FileName.limit else {
      throw bad("the file's name takes \(bytes) bytes, \(FileName.limit) at most go: give a shorter one")
    }
    let longest = folder.path.utf8.count + 1 + max(bytes, FileName.partial)
    guard longest <= FileName.pathLimit else {
      throw badFolder("the path takes \(longest) bytes, \(FileName.pathLimit) at most go: give a shorter one")
    }
    var isFolder: ObjCBool = false
    if !mayBeFolder, FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
      throw badFolder("\(name) in it is a folder")
    }
    var missing: [URL] = []
    var above = folder
    while above.path != "/", !FileManager.default.fileExists(atPath: above.path) {
      missing.append(above)
      above.deleteLastPathComponent()
    }
    // Deepest first; only folders this call made, which are empty.
    defer { for made in missing { rmdir(made.path) } }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      let first = missing.last { !FileManager.default.fileExists(atPath: $0.path) }
      throw badFolder("the folder cannot be made: \(reason(first ?? folder))")
    }
    // A file of the same length of name tells what permissions do not: file systems that are full, read-only or picky.
    let head = ".imago-\(getpid())-"
    let probe = folder.path + "/" + head + String(repeating: "x", count: max(bytes - head.utf8.count, 1))
    let file = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      let code = errno
      throw badFolder("the folder cannot be written to: \(String(cString: strerror(code)))")
    }
    close(file)
    unlink(probe)
  }

  /// Why a folder cannot be made.
  private static func reason(_ folder: URL) -> String {
    if mkdir(folder.path, 0o777) == 0 {
      rmdir(folder.path)
      return "one above it is gone"
    }
    return errno == EEXIST ? "\(folder.path) is a file" : "\(folder.path): \(String(cString: strerror(errno)))"
  }

  /// Makes the folder of a file if it is missing; throws unless it can be written to.
  public static func prepare(_ url: URL) throws(GenerationError) {
    let folder = url.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw .badValue(name: "`output`", value: url.path, reason: "the folder cannot be made")
    }
  }

  /// The largest number among the files this pattern has named, and among what was written beside them; 0 if there is none
  /// or the pattern has no `{index}`.
  /// - Parameters: seed and prompt: of the first picture, for folders that depend on them.
  public func lastNumber(seed: UInt64, prompt: String) -> Int {
    let parts = pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let place = parts.firstIndex(where: { $0.contains("{index}") }) else { return 0 }
    let above = parts[..<place].map { Self.filled($0.replacing("{seed}", with: String(seed)), prompt: prompt) }
    let folder = above == [""] ? "/" : above.isEmpty ? "." : above.joined(separator: "/")
    let isFile = place == parts.count - 1
    guard let rule = try? Regex(Self.rule(parts[place], isFile: isFile)) else { return 0 }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      (try? rule.wholeMatch(in: name)).flatMap { $0.output[1].substring }.flatMap { Int($0) }
    }.max() ?? 0
  }

  /// A regular expression for a part of the pattern, whose first group is the number.
  private static func rule(_ part: String, isFile: Bool) -> String {
    let stem = isFile ? (part as NSString).deletingPathExtension : part
    var rule = ""
    var isNumbered = false
    var rest = stem[...]
    while let first = rest.first {
      if rest.hasPrefix("{index}") {
        rule += isNumbered ? "[0-9]+" : "([0-9]{5,15})"
        isNumbered = true
        rest = rest.dropFirst("{index}".count)
      } else if rest.hasPrefix("{seed}") {
        rule += "[0-9]+"
        rest = rest.dropFirst("{seed}".count)
      } else if rest.hasPrefix("{prompt}") {
        rule += ".*"
        rest = rest.dropFirst("{prompt}".count)
      } else {
        let isLiteral = !first.isASCII || first.isLetter || first.isNumber || " -_".contains(first)
        rule += isLiteral ? String(first) : "\\" + String(first)
        rest = rest.dropFirst()
      }
    }
    return rule + (isFile ? "(?:-grid|-step-[0-9]+|-[0-9]+)*\\.(?:png|jpg|jpeg|safetensors)" : "")
  }
}
