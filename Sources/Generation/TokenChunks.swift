import PromptLanguage
import Tokenizers

/// A prompt's tokens as the text encoder takes them: rows of start, up to 75 tokens, end and padding, each token with its
/// weight (AUTOMATIC1111, modules/sd_hijack_clip.py).
struct TokenChunks {
  /// One row.
  struct Chunk {
    var ids: [Int32]
    /// One for each id, 1 for start, end and padding.
    var weights: [Float]
    /// Vectors of embeddings and the position of their first one in the row.
    var vectors: [(position: Int, embedding: TextualInversion)] = []
  }

  let chunks: [Chunk]
  /// Tokens of the prompt, embeddings' vectors counted.
  let tokenCount: Int

  /// How far back a comma is looked for when a chunk is full: the words behind it move to the next chunk.
  private static let backtrack = 20

  /// - Parameters:
  ///   - length: tokens of a row, start and end included.
  init(
    _ segments: [PromptSegment], tokenizer: CLIPTokenizer, length: Int, embeddings: [TextualInversion] = []
  ) {
    var builder = Builder(tokenizer: tokenizer, room: length - 2)
    let comma = tokenizer.encode(",").dropFirst().first
    let named = embeddings.map { ($0, Array(tokenizer.encode($0.name).dropFirst().dropLast())) }
      .filter { !$0.1.isEmpty }.sorted { $0.1.count > $1.1.count }
    for segment in segments {
      guard case .text(let text, let weight) = segment else {
        builder.close()
        continue
      }
      let ids = Array(tokenizer.encode(text).dropFirst().dropLast())
      var at = 0
      while at < ids.count {
        if ids[at] == comma {
          builder.lastComma = builder.ids.count
        } else if builder.ids.count == builder.room, let last = builder.lastComma,
          builder.ids.count - last <= Self.backtrack
        {
          builder.breakBehind(last)
        }
        if builder.ids.count == builder.room { builder.close() }
        if let (embedding, name) = named.first(where: { ids[at...].starts(with: $0.1) }) {
          builder.append(embedding, weight: weight)
          at += name.count
        } else {
          builder.append(ids[at], weight: weight)
          at += 1
        }
      }
    }
    if !builder.ids.isEmpty || builder.chunks.isEmpty { builder.close() }
    (chunks, tokenCount) = (builder.chunks, builder.tokenCount)
  }

  private struct Builder {
    let tokenizer: CLIPTokenizer
    let room: Int
    var chunks: [Chunk] = []
    var ids: [Int32] = []
    var weights: [Float] = []
    var vectors: [(position: Int, embedding: TextualInversion)] = []
    var lastComma: Int?
    var tokenCount = 0

    mutating func append(_ id: Int32, weight: Float) {
      ids.append(id)
      weights.append(weight)
      tokenCount += 1
    }

    /// An embedding stays within one chunk.
    mutating func append(_ embedding: TextualInversion, weight: Float) {
      if ids.count + embedding.vectorCount > room { close() }
      vectors.append((ids.count + 1, embedding))
      ids += Array(repeating: 0, count: embedding.vectorCount)
      weights += Array(repeating: weight, count: embedding.vectorCount)
      tokenCount += embedding.vectorCount
    }

    /// Closes the chunk behind its last comma; what follows it opens the next.
    mutating func breakBehind(_ comma: Int) {
      let cut = comma + 1
      let (tailIDs, tailWeights) = (Array(ids[min(cut, ids.count)...]), Array(weights[min(cut, ids.count)...]))
      let moved = vectors.filter { $0.position > cut }.map { ($0.position - cut, $0.embedding) }
      vectors.removeAll { $0.position > cut }
      ids.removeLast(tailIDs.count)
      weights.removeLast(tailWeights.count)
      close()
      (ids, weights, vectors) = (tailIDs, tailWeights, moved)
    }

    mutating func close() {
      let padding = room - ids.count
      chunks.append(
        Chunk(
          ids: [tokenizer.startID] + ids + [tokenizer.endID] + Array(repeating: tokenizer.padID, count: padding),
          weights: [1] + weights + Array(repeating: 1, count: padding + 1), vectors: vectors))
      (ids, weights, vectors, lastComma) = ([], [], [], nil)
    }
  }
}
