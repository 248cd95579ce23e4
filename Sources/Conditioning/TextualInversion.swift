import TensorCore

/// Vectors that stand for a word in a prompt (Gal et al. 2023, "textual inversion").
public struct TextualInversion: Sendable {
  /// The file's name without ending, which is the word AUTOMATIC1111 takes.
  public let name: String
  /// The word the file itself gives, as diffusers takes it: `<cat-toy>`.
  public let token: String?
  /// `[n, D]` float32, one for each text encoder it was made for.
  public let vectors: [Tensor]

  /// Token positions it takes.
  public var vectorCount: Int { vectors[0].shape[0] }

  /// What a prompt may say: the name, ComfyUI's `embedding:name`, the file's own token.
  var words: [String] { [name, "embedding:\(name)"] + [token].compactMap { $0 }.filter { $0 != name } }

  public init(name: String, token: String? = nil, vectors: [Tensor]) {
    precondition(
      !vectors.isEmpty && vectors.allSatisfy { $0.rank == 2 && $0.shape[0] == vectors[0].shape[0] },
      "vectors of shapes \(vectors.map(\.shape))")
    (self.name, self.token, self.vectors) = (name, token, vectors)
  }
}
