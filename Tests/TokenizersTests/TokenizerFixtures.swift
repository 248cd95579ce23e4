import Foundation
import Tokenizers

/// Where fixtures are, and parts to build tokenizers from.
enum TokenizerFixtures {
  static func folder(_ name: String, file: String = #filePath) -> URL {
    URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures").appendingPathComponent(name)
  }

  /// What transformers gave for some prompts.
  struct Expected: Decodable {
    let prompts: [String]
    let padded: [[Int32]]
    let untruncated: [[Int32]]

    private enum CodingKeys: String, CodingKey {
      case prompts, untruncated
      case padded = "padded_77"
    }

    init(_ name: String) throws {
      let url = folder(name).appendingPathComponent("expected.json")
      self = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }
  }

  /// A vocabulary of 514 + 3 tokens with the merges `a b</w>`, `a b`, `ab c</w>`.
  static func smallVocabulary() throws -> CLIPVocabulary {
    try VocabularyTrainer.train(["ab ab ab", "abc", "abc"], vocabularySize: 600)
  }

  /// The ids of a vocabulary's tokens.
  static func ids(_ vocabulary: CLIPVocabulary) -> [String: Int32] {
    Dictionary(uniqueKeysWithValues: vocabulary.tokens.enumerated().map { ($1, Int32($0)) })
  }

  /// Runs the body with a new folder, which is removed afterwards.
  static func withFolder<T>(_ body: (URL) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("tokenizer-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}

extension URL {
  /// Writes a text file in this folder, which is created if needed.
  func write(_ text: String, as name: String) throws {
    try FileManager.default.createDirectory(at: self, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: appendingPathComponent(name))
  }

  /// The text of a file in this folder.
  func text(_ name: String) throws -> String {
    try String(contentsOf: appendingPathComponent(name), encoding: .utf8)
  }
}
