import Checkpoints
import Foundation
import TestSupport

/// Folders of `Fixtures/reference` as programs expect them: with the weights and tokenizers that the fixtures keep only once.
public enum ReferenceFolder {
  /// Copies a case.
  /// - Parameters:
  ///   - name: its folder in `Fixtures/reference`.
  ///   - model: where it goes; nothing may be there.
  public static func copy(_ name: String, to model: URL) throws {
    let files = FileManager.default
    try files.copyItem(at: fixtureURL("reference/\(name)"), to: model)
    for part in ModelPart.allCases {
      // Weights that equal another case's are not kept twice.
      let mark = model.appendingPathComponent("\(part.rawValue)/SAME_AS")
      guard let other = try? String(contentsOf: mark, encoding: .utf8) else { continue }
      let weights = "\(part.rawValue)/\(part.weightsName).safetensors"
      let source = fixtureURL("reference/\(other.trimmingCharacters(in: .whitespacesAndNewlines))/\(weights)")
      try files.removeItem(at: mark)
      try files.copyItem(at: source, to: model.appendingPathComponent(weights))
    }
    let hasTwo = files.fileExists(atPath: model.appendingPathComponent("text_encoder_2").path)
    for suffix in hasTwo ? ["", "_2"] : [""] { try addTokenizer(suffix, to: model) }
  }

  private static func addTokenizer(_ suffix: String, to model: URL) throws {
    let folder = model.appendingPathComponent("tokenizer\(suffix)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for file in ["vocab.json", "merges.txt"] {
      try FileManager.default.copyItem(
        at: fixtureURL("clip_tokenizer/\(file)"), to: folder.appendingPathComponent(file))
    }
    let pad = suffix.isEmpty ? "<|endoftext|>" : "!"
    try Data(#"{"pad_token": "\#(pad)", "model_max_length": 77}"#.utf8)
      .write(to: folder.appendingPathComponent("tokenizer_config.json"))
  }
}
