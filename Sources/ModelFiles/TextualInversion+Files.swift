import Checkpoints
import Conditioning
import Foundation
import TensorCore

extension TextualInversion {
  /// Reads a file in one of the usual forms: `string_to_param` (AUTOMATIC1111), a token and its vectors (diffusers),
  /// `emb_params`, `clip_l` and `clip_g` (SDXL).
  /// - Parameter widths: of the model's text encoders; a file for another model is refused.
  /// - Throws: `TextualInversionError`, or what the file's format makes unreadable.
  public init(_ url: URL, widths: [Int]) throws {
    let file = try TensorFile(url)
    let keys = try Self.keys(file)
    let shapes = keys.map { Self.matrix(file.shape(of: $0) ?? []) }
    let limit = 75
    guard shapes.allSatisfy({ $0.count == 2 && (1...limit).contains($0[0]) && $0[0] == shapes[0][0] }) else {
      throw TextualInversionError.wrongCount(
        path: url.path, shapes: keys.map { file.shape(of: $0) ?? [] }, limit: limit)
    }
    guard shapes.map({ $0[1] }) == widths else {
      throw TextualInversionError.wrongWidth(path: url.path, expected: widths, found: shapes.map { $0[1] })
    }
    let vectors = try zip(keys, shapes).map { try file.floatTensor($0).cast(to: .f32).reshaped($1) }
    guard vectors.allSatisfy({ $0.floats().allSatisfy(\.isFinite) }) else {
      throw TextualInversionError.notFinite(path: url.path)
    }
    let isToken = keys.count == 1 && !Self.fixedKeys.contains(keys[0]) && !keys[0].hasPrefix(Self.prefix)
    self.init(
      name: url.deletingPathExtension().lastPathComponent, token: isToken ? keys[0] : nil, vectors: vectors)
  }

  /// AUTOMATIC1111's dictionary, whose one entry may have any name.
  private static let prefix = "string_to_param."
  private static let fixedKeys = ["emb_params", "*", "tensor"]

  /// The tensors of a file that are the vectors.
  private static func keys(_ file: TensorFile) throws(TextualInversionError) -> [String] {
    let pair = ["clip_l", "clip_g"]
    if pair.allSatisfy(file.keys.contains) { return pair }
    let entries = file.keys.filter { $0.hasPrefix(prefix) }
    if entries.count == 1 { return entries }
    if entries.isEmpty {
      if file.keys.contains("emb_params") { return ["emb_params"] }
      if file.keys.count == 1 { return file.keys }
    }
    throw .notAnEmbedding(path: file.path, keys: file.keys.sorted())
  }

  /// A single vector may have one axis.
  private static func matrix(_ shape: [Int]) -> [Int] { shape.count == 1 ? [1] + shape : shape }
}

/// Why a file is not a textual inversion for a model.
public enum TextualInversionError: Error, Equatable, CustomStringConvertible {
  case notAnEmbedding(path: String, keys: [String])
  case wrongCount(path: String, shapes: [[Int]], limit: Int)
  case wrongWidth(path: String, expected: [Int], found: [Int])
  case notFinite(path: String)

  public var description: String {
    func list(_ widths: [Int]) -> String { widths.map(String.init).joined(separator: " and ") }
    switch self {
    case .notAnEmbedding(let path, let keys):
      let shown = keys.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
      let more = keys.count > 3 ? " and \(keys.count - 3) more" : ""
      return "\(path): is not a textual inversion: one tensor is expected, or clip_l and clip_g, "
        + "it holds \(keys.isEmpty ? "none" : shown + more)"
    case .wrongCount(let path, let shapes, let limit):
      return "\(path): is not a textual inversion: its tensors have the shapes "
        + "\(shapes.map(\.description).joined(separator: " and ")), 1 to \(limit) vectors are expected"
    case .wrongWidth(let path, let expected, let found):
      return "\(path): its vectors have width \(list(found)), this model's text encoder takes \(list(expected)): "
        + "the embedding was made for another model family"
    case .notFinite(let path): return "\(path): its vectors hold NaN or infinity: the file is damaged, get it again"
    }
  }
}
