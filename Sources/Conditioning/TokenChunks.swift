import PromptLanguage
import Tokenizers

/// A prompt's tokens as the text encoder takes them: rows of start, up to 75 tokens, end and padding, each token with
/// its weight (AUTOMATIC1111, modules/sd_hijack_clip.py).
struct TokenChunks {
  /// One row.
  struct Chunk: Equatable {
    var ids: [Int32]
    /// One for each id, 1 for start, end and padding.
    var weights: [Float]
    /// Where vectors of embeddings take the place of ids: the row's position of the first, and which embedding.
    var vectors: [Place] = []
    /// Tokens of the prompt in the row.
    var tokenCount: Int
  }

  /// An embedding in a row.
  struct Place: Equatable {
    var position: Int
    /// Index among the embeddings.
    let embedding: Int
  }

  let chunks: [Chunk]
  /// What became of words that the text encoder never learnt.
  let read: WordsRead

  /// Tokens of the prompt, embeddings' vectors counted.
  var tokenCount: Int { read.tokenCount }

  /// How far back a comma is looked for when a chunk is full: the words behind it move to the next chunk.
  private static let backtrack = 20

  /// - Parameters:
  ///   - length: tokens of a row, start and end included.
  ///   - embeddings: of at most `length` − 2 vectors.
  init(
    _ segments: [PromptSegment], tokenizer: CLIPTokenizer, length: Int, embeddings: [TextualInversion] = []
  ) {
    let elements = PromptElements(segments, tokenizer: tokenizer, embeddings: embeddings)
    var builder = Builder(tokenizer: tokenizer, room: length - 2)
    let comma = Array(tokenizer.encode(",").dropFirst().dropLast())
    for element in elements.kept {
      switch element {
      case .wall: builder.close()
      case .token(let id, let weight):
        builder.makeRoom(isComma: comma.count == 1 && comma[0] == id, backtrack: Self.backtrack)
        builder.append(id, weight: weight)
      case .embedding(let index, let weight):
        builder.makeRoom(isComma: false, backtrack: Self.backtrack)
        builder.append(embedding: index, count: embeddings[index].vectorCount, weight: weight)
      }
    }
    if !builder.ids.isEmpty || builder.chunks.isEmpty { builder.close() }
    chunks = builder.chunks
    read = elements.read + WordsRead(tokenCount: chunks.reduce(0) { $0 + $1.tokenCount })
  }

  private struct Builder {
    let tokenizer: CLIPTokenizer
    let room: Int
    var chunks: [Chunk] = []
    var ids: [Int32] = []
    var weights: [Float] = []
    var vectors: [Place] = []
    var lastComma: Int?

    init(tokenizer: CLIPTokenizer, room: Int) { (self.tokenizer, self.room) = (tokenizer, room) }

    /// Closes a full chunk, behind its last comma if that is near enough and the next token is no comma.
    mutating func makeRoom(isComma: Bool, backtrack: Int) {
      if isComma {
        lastComma = ids.count
      } else if ids.count == room, let comma = lastComma, ids.count - comma <= backtrack {
        close(behind: comma)
      }
      if ids.count == room { close() }
    }

    mutating func append(_ id: Int32, weight: Float) {
      ids.append(id)
      weights.append(weight)
    }

    /// An embedding stays within one chunk.
    mutating func append(embedding: Int, count: Int, weight: Float) {
      if ids.count + count > room { close() }
      vectors.append(Place(position: ids.count + 1, embedding: embedding))
      ids += Array(repeating: 0, count: count)
      weights += Array(repeating: weight, count: count)
    }

    /// What follows the comma opens the next chunk, embeddings with it.
    private mutating func close(behind comma: Int) {
      let cut = comma + 1
      let tail = (ids: ids[cut...], weights: weights[cut...], vectors: vectors.filter { $0.position > cut })
      ids.removeLast(tail.ids.count)
      weights.removeLast(tail.weights.count)
      vectors.removeLast(tail.vectors.count)
      close()
      (ids, weights) = (Array(tail.ids), Array(tail.weights))
      vectors = tail.vectors.map { Place(position: $0.position - cut, embedding: $0.embedding) }
    }

    mutating func close() {
      let padding = room - ids.count
      chunks.append(
        Chunk(
          ids: [tokenizer.startID] + ids + [tokenizer.endID] + Array(repeating: tokenizer.padID, count: padding),
          weights: [1] + weights + Array(repeating: 1, count: padding + 1), vectors: vectors, tokenCount: ids.count))
      (ids, weights, vectors, lastComma) = ([], [], [], nil)
    }
  }
}
