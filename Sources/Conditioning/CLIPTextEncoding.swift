import Models
import PromptLanguage
import TensorCore

/// CLIP as diffusion models read it: one text encoder, or two whose states stand side by side.
public struct CLIPTextEncoding: TextEncoding {
  /// Which layer's states the network reads.
  public enum Layer: Sendable {
    /// The last, behind the final LayerNorm.
    case last
    /// The last but one as it is.
    case penultimate
  }

  public let encoders: [CLIPTextEncoder]
  public let layer: Layer
  /// Whether the network reads the last encoder's pooled text, too.
  public let isPooled: Bool
  /// Whether no negative prompt means zeros, and not the empty text.
  public let zerosForNothing: Bool

  public init(
    _ encoders: [CLIPTextEncoder], layer: Layer = .last, isPooled: Bool = false, zerosForNothing: Bool = false
  ) {
    (self.encoders, self.layer, self.isPooled, self.zerosForNothing) = (encoders, layer, isPooled, zerosForNothing)
  }

  public var tokenCount: Int { encoders.map(\.rowLength).max() ?? 0 }
  public var contextWidth: Int? { encoders.reduce(0) { $0 + $1.model.config.hiddenSize } }
  public var vectorWidths: [Int] { encoders.map(\.model.config.hiddenSize) }

  public var pooledWidth: Int? {
    guard isPooled, let config = encoders.last?.model.config else { return nil }
    return config.hasProjection ? config.projectionSize : config.hiddenSize
  }

  public func nothing(like told: NetworkConditioning) -> NetworkConditioning? {
    guard zerosForNothing else { return nil }
    return NetworkConditioning(
      context: told.context.map { .zeros($0.shape) }, pooled: told.pooled.map { .zeros($0.shape) })
  }

  public func encode(
    _ texts: [String], clipSkip: Int?, _ reading: TextReading, _ memory: inout TextMemory
  ) throws -> [NetworkConditioning] {
    let counts = Dictionary(texts.map { ($0, 1) }, uniquingKeysWith: +)
    // In their order, so that sums over them are the same in every run.
    var rest = Set(texts)
    let distinct = texts.filter { rest.remove($0) != nil }
    let rows = try distinct.map { text in try encoders.map { try chunks(text, $0, reading).chunks } }
    let length = rows.joined().map(\.count).max() ?? 1
    var contexts = distinct.map { _ in [Tensor]() }
    for index in 0..<length {
      let parts = try encoders.indices.map { encoder -> [Tensor] in
        let empty = try chunks("", encoders[encoder], reading).chunks[0]
        let chunks = try rows.enumerated().map { text, rows in
          let chunk = index < rows[encoder].count ? rows[encoder][index] : empty
          return (
            states: try state(chunk, encoder, clipSkip, reading, &memory).context, weights: chunk.weights,
            count: counts[distinct[text], default: 1]
          )
        }
        return try reading.emphasis.apply(chunks) { try state(empty, encoder, clipSkip, reading, &memory).context }
      }
      for text in distinct.indices { contexts[text].append(Tensor.concatenate(parts.map { $0[text] }, axis: 2)) }
    }
    var found: [String: NetworkConditioning] = [:]
    for (index, text) in distinct.enumerated() {
      // The first chunk speaks for the whole text.
      let last = encoders.count - 1
      let pooled = isPooled ? try state(rows[index][last][0], last, clipSkip, reading, &memory).pooled : nil
      let context = Tensor.concatenate(contexts[index], axis: 1)
      try Finiteness.check(context, "the text under its weights") {
        let weights = rows[index].joined().flatMap(\.weights).map(abs)
        return "weights in brackets of up to \(weights.max() ?? 1) are too large; 0.5 to 1.5 is usual"
      }
      found[text] = NetworkConditioning(context: context, pooled: pooled)
    }
    return texts.map { text in
      guard let told = found[text] else { preconditionFailure("\"\(text)\" was not encoded") }
      return told
    }
  }

  public func knownWords(in text: String, _ reading: TextReading) throws -> WordsRead? {
    guard let first = encoders.first, first.tokenizer.knownWords != nil else { return nil }
    return try chunks(text, first, reading).read
  }
}

// MARK: - One chunk

extension CLIPTextEncoding {
  /// The tokens of a text for one of the encoders.
  private func chunks(_ text: String, _ encoder: CLIPTextEncoder, _ reading: TextReading) throws -> TokenChunks {
    let segments = reading.emphasis == .none ? [.text(text, weight: 1)] : EmphasisParser.parse(text)
    let chunks = TokenChunks(
      segments, tokenizer: encoder.tokenizer, length: encoder.rowLength, embeddings: reading.embeddings)
    guard chunks.chunks.allSatisfy({ $0.weights.allSatisfy(\.isFinite) }) else {
      throw GenerationError.badValue(
        name: "the prompt", value: "\"\(text.prefix(60))\"", reason: "a word's weight is too large: take one near 1")
    }
    return chunks
  }

  /// What tells chunks apart.
  private struct Key: Hashable {
    let encoder: Int
    let clipSkip: Int?
    let ids: [Int32]
    /// Positions and indices of embeddings.
    let vectors: [[Int]]
  }

  /// The hidden state the network reads `[1, T, D]` and the pooled text `[1, P]`, float32.
  private func state(
    _ chunk: TokenChunks.Chunk, _ encoder: Int, _ clipSkip: Int?, _ reading: TextReading, _ memory: inout TextMemory
  ) throws -> (context: Tensor, pooled: Tensor) {
    let key = Key(
      encoder: encoder, clipSkip: clipSkip, ids: chunk.ids, vectors: chunk.vectors.map { [$0.position, $0.embedding] })
    let known = memory.known[key]
    if let context = known?.context, let pooled = known?.pooled { return (context, pooled) }
    let model = encoders[encoder].model
    let replacements = chunk.vectors.map {
      CLIPTextModel.Replacement(
        row: 0, position: $0.position, vectors: reading.embeddings[$0.embedding].vectors[encoder])
    }
    let output = model([chunk.ids], replacing: replacements, dtype: reading.precision.dtype)
    let made = (
      context: try hiddenState(output, of: model, clipSkip: clipSkip).cast(to: .f32),
      pooled: output.pooled.cast(to: .f32)
    )
    for values in isPooled ? [made.context, made.pooled] : [made.context] {
      try Finiteness.check(values, "the text encoder") { Finiteness.weights(of: "the text encoder", reading.precision) }
    }
    memory.known[key] = NetworkConditioning(context: made.context, pooled: made.pooled)
    return made
  }

  public func check(clipSkip: Int?) throws(GenerationError) {
    guard let clipSkip else { return }
    for encoder in encoders { try check(clipSkip: clipSkip, layers: encoder.model.config.layerCount) }
  }

  private func check(clipSkip: Int, layers: Int) throws(GenerationError) {
    let limit = layer == .penultimate ? layers - 1 : layers
    guard (0...max(limit, 0)).contains(clipSkip) else {
      throw .badValue(
        name: "`clip-skip`", value: "\(clipSkip)",
        reason: "must be 0 to \(limit): the text encoder has \(layers) layers")
    }
  }

  /// The hidden state the network reads.
  private func hiddenState(_ output: CLIPTextModelOutput, of model: CLIPTextModel, clipSkip: Int?) throws -> Tensor {
    let skipped = clipSkip ?? 0
    let count = output.hiddenStates.count
    try check(clipSkip: skipped, layers: count - 1)
    switch layer {
    case .penultimate: return output.hiddenStates[count - skipped - 2]
    case .last where clipSkip == nil: return output.lastHiddenState
    case .last: return model.normalized(output.hiddenStates[count - skipped - 1])
    }
  }
}

// MARK: - Training

extension CLIPTextEncoding: TokenRowEncoding {
  public var encoderCount: Int { encoders.count }

  public func contentTokens(_ text: String) -> [[Int32]] {
    encoders.map { Array($0.tokenizer.encode(text).dropFirst().dropLast()) }
  }

  public func tokens(_ text: String, word: TextualInversion?) -> [TokenRow] {
    encoders.map { encoder in
      guard let word else { return TokenRow(ids: encoder.tokenizer.encode(text, length: encoder.rowLength)) }
      let chunks = TokenChunks(
        [.text(text, weight: 1)], tokenizer: encoder.tokenizer, length: encoder.rowLength, embeddings: [word])
      return TokenRow(ids: chunks.chunks[0].ids, places: chunks.chunks[0].vectors.map(\.position))
    }
  }

  public func isCut(_ text: String) -> Bool {
    encoders.contains { $0.tokenizer.encode(text).count > $0.rowLength }
  }

  public func encode(
    _ rows: [[TokenRow]], vectors: [Tensor], clipSkip: Int?, dtype: DType
  ) throws -> NetworkConditioning {
    var states: [Tensor] = []
    var pooled: Tensor?
    for (index, encoder) in encoders.enumerated() {
      let replacements =
        vectors.isEmpty
        ? []
        : rows[index].enumerated().flatMap { number, row in
          row.places.map { CLIPTextModel.Replacement(row: number, position: $0, vectors: vectors[index]) }
        }
      let output = encoder.model(rows[index].map(\.ids), replacing: replacements, dtype: dtype)
      states.append(try hiddenState(output, of: encoder.model, clipSkip: clipSkip))
      if isPooled { pooled = output.pooled }
    }
    return NetworkConditioning(context: states.count == 1 ? states[0] : .concatenate(states, axis: 2), pooled: pooled)
  }
}
