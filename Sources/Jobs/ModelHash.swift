import Foundation

/// The short hash by which the ecosystem knows a model: the first ten hex digits of its file's SHA-256.
///
/// A folder has none there; here it is that of the list of its weight files' hashes. Hashes are kept in the user's cache
/// folder by path, size and time of change, so that a file is read once.
public enum ModelHash {
  /// The hash of a model's file or folder; nil if it cannot be read.
  public static func short(_ url: URL, cache: URL? = defaultCache) -> String? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return nil }
    guard isFolder.boolValue else { return full(url, cache: cache).map { String($0.prefix(10)) } }
    let names = weightFiles(url)
    return names.isEmpty ? nil : hash(of: names, in: url, cache: cache)
  }

  private static func hash(of names: [String], in folder: URL, cache: URL?) -> String? {
    var list = ""
    for name in names {
      guard let hash = full(folder.appendingPathComponent(name), cache: cache) else { return nil }
      list += "\(hash)  \(name)\n"
    }
    return String(SHA256.hex(Array(list.utf8)).prefix(10))
  }

  /// What other tools call a single file: the hash of 64 KiB from its middle, and the SHA-256; nil for a folder.
  public static func ofFile(_ url: URL, cache: URL? = defaultCache) -> (old: String, new: String)? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue,
      let old = legacy(url), let new = full(url, cache: cache)
    else { return nil }
    return (old, new)
  }

  /// Whether a file or folder is the one a hash in metadata names: ten or more digits of the SHA-256, or eight of the hash
  /// that programs wrote before, of 64 KiB from the middle of the file.
  public static func matches(_ url: URL, _ hash: String, cache: URL? = defaultCache) -> Bool {
    let hash = hash.lowercased()
    guard hash.count >= 8, hash.allSatisfy(\.isHexDigit) else { return false }
    if hash.count == 8 { return legacy(url) == hash }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return false }
    let own = isFolder.boolValue ? short(url, cache: cache) : full(url, cache: cache)
    return own.map { $0.hasPrefix(hash) || hash.hasPrefix($0) } ?? false
  }

  /// AUTOMATIC1111's first hash: eight digits, of 64 KiB that begin at 1 MiB.
  static func legacy(_ url: URL) -> String? {
    guard let file = fopen(url.path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 0x10000)
    guard fseek(file, 0x100000, SEEK_SET) == 0 else { return nil }
    let count = fread(&bytes, 1, bytes.count, file)
    return ferror(file) == 0 ? String(SHA256.hex(Array(bytes[..<count])).prefix(8)) : nil
  }

  /// The hash of a tokenizer's folder: that of the list of its files' hashes.
  static func tokenizer(_ folder: URL, cache: URL? = defaultCache) -> String? {
    let names = ["merges.txt", "tokenizer.json", "vocab.json"].filter {
      FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
    }
    return names.isEmpty ? nil : hash(of: names, in: folder, cache: cache)
  }

  public static var defaultCache: URL? {
    let environment = ProcessInfo.processInfo.environment
    let base =
      environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
      ?? environment["HOME"].map { URL(fileURLWithPath: $0).appendingPathComponent(".cache") }
    return base?.appendingPathComponent("imago/hashes")
  }

  /// Paths of the weights of a folder's parts, one level down, sorted.
  private static func weightFiles(_ folder: URL) -> [String] {
    let files = FileManager.default
    let parts = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
    return parts.flatMap { part in
      ((try? files.contentsOfDirectory(atPath: folder.appendingPathComponent(part).path)) ?? [])
        .filter { ["safetensors", "bin"].contains(($0 as NSString).pathExtension) }.map { "\(part)/\($0)" }
    }.sorted()
  }

  /// The SHA-256 of a file, from the cache if it has not changed.
  static func full(_ url: URL, cache: URL?) -> String? {
    let url = url.resolvingSymlinksInPath()
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path),
      let size = attributes[.size] as? Int, let changed = attributes[.modificationDate] as? Date
    else { return nil }
    let key = SHA256.hex(Array("\(url.path)\n\(size)\n\(changed.timeIntervalSince1970)".utf8))
    let entry = cache?.appendingPathComponent(key)
    if let entry, let known = try? String(contentsOf: entry, encoding: .utf8), known.count == 64 { return known }
    guard let hash = read(url) else { return nil }
    if let cache, let entry {
      // Without a cache the file is read again next time; nothing else is lost.
      try? FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
      try? Data(hash.utf8).write(to: entry, options: .atomic)
    }
    return hash
  }

  private static func read(_ url: URL) -> String? {
    guard let file = fopen(url.path, "rb") else { return nil }
    defer { fclose(file) }
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      if count < buffer.count { return ferror(file) == 0 ? hash.finish() : nil }
    }
  }
}
