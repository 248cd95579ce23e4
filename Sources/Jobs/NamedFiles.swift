import Foundation

/// Files as metadata names them: by name and hash, without the folders of whoever made the picture.
public struct NamedFiles: Sendable, Equatable {
  /// What was asked for: a name, with weights where it takes some.
  public var names: [String] = []
  /// Each file's hash; empty for one that could not be read.
  public var hashes: [String] = []

  public init(names: [String] = [], hashes: [String] = []) { (self.names, self.hashes) = (names, hashes) }

  /// The value of the field of names; nil if there are none.
  package var namesField: String? {
    guard !names.isEmpty else { return nil }
    guard names.contains(where: { $0.contains(",") || $0.hasPrefix("[") }) else { return names.joined(separator: ", ") }
    return (try? JSONEncoder().encode(names)).map { String(decoding: $0, as: UTF8.self) }
  }

  package var hashesField: String? { hashes.allSatisfy(\.isEmpty) ? nil : hashes.joined(separator: ", ") }

  /// Reads both fields.
  public init(namesField: String, hashesField: String?) {
    names =
      (namesField.hasPrefix("[") ? try? JSONDecoder().decode([String].self, from: Data(namesField.utf8)) : nil)
      ?? namesField.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let known = hashesField?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    hashes = known.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// A file's name for metadata: its path below the working directory if it lies there, else its name alone.
  public static func name(
    of path: String, workingDirectory: String = FileManager.default.currentDirectoryPath
  ) -> String {
    let full = URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: workingDirectory, isDirectory: true))
      .standardizedFileURL.path
    let base = URL(fileURLWithPath: workingDirectory).standardizedFileURL.path
    let folder = base.hasSuffix("/") ? base : base + "/"
    if full.hasPrefix(folder), base != "/" { return String(full.dropFirst(folder.count)) }
    return (full as NSString).lastPathComponent
  }
}
