import Diffusion
import Models
import PromptLanguage
import TensorCore

/// What the U-Net is told about one prompt.
public struct PromptConditioning: Sendable {
  /// `[1, T, D]`, float32.
  public let context: Tensor
  /// Pooled text `[1, P]` for SDXL.
  public let pooled: Tensor?

  public init(context: Tensor, pooled: Tensor?) { (self.context, self.pooled) = (context, pooled) }
}

/// Turns texts into conditioning: emphasis, chunks of tokens, text encoder, the right layer.
public struct PromptEncoder: Sendable {
  let conditioners: [TextConditioner]
  let isXL: Bool
  let precision: Precision
  /// What weights of words do; `none` takes brackets as text.
  public var emphasis: Emphasis
  /// Words that stand for vectors of their own.
  public var embeddings: [TextualInversion]
  /// Whether layers are skipped for the negative prompt too, as AUTOMATIC1111 does; diffusers skips them for the prompt
  /// only.
  public var skipsLayersOfNegative = false

  /// - Parameter isXL: two encoders whose states are joined, and pooled text of the last.
  public init(
    conditioners: [TextConditioner], isXL: Bool, precision: Precision, emphasis: Emphasis = .original,
    embeddings: [TextualInversion] = []
  ) {
    (self.conditioners, self.isXL, self.precision) = (conditioners, isXL, precision)
    (self.emphasis, self.embeddings) = (emphasis, embeddings)
  }

  /// - Parameter clipSkip: layers skipped, as diffusers counts: nil = the model's default.
  public func encode(_ text: String, clipSkip: Int?) throws -> PromptConditioning {
    var states = TextStates()
    return try encode([text], clipSkip: clipSkip, &states)[0]
  }

  /// Texts of one schedule, all of the same length. A text may stand there more than once.
  /// - Parameter states: what was encoded before.
  func encode(_ texts: [String], clipSkip: Int?, _ states: inout TextStates) throws -> [PromptConditioning] {
    let counts = Dictionary(texts.map { ($0, 1) }, uniquingKeysWith: +)
    // In their order, so that sums over them are the same in every run.
    var rest = Set(texts)
    let distinct = texts.filter { rest.remove($0) != nil }
    let rows = try distinct.map { text in try conditioners.indices.map { try chunks(text, encoder: $0).chunks } }
    let length = rows.joined().map(\.count).max() ?? 1
    var contexts = distinct.map { _ in [Tensor]() }
    for index in 0..<length {
      let parts = try conditioners.indices.map { encoder -> [Tensor] in
        let empty = try emptyChunk(encoder: encoder)
        let chunks = try rows.enumerated().map { text, rows in
          let chunk = index < rows[encoder].count ? rows[encoder][index] : empty
          return (
            states: try state(chunk, encoder: encoder, clipSkip: clipSkip, &states).context, weights: chunk.weights,
            count: counts[distinct[text], default: 1]
          )
        }
        return try emphasis.apply(chunks) { try state(empty, encoder: encoder, clipSkip: clipSkip, &states).context }
      }
      for text in distinct.indices { contexts[text].append(Tensor.concatenate(parts.map { $0[text] }, axis: 2)) }
    }
    var found: [String: PromptConditioning] = [:]
    for (index, text) in distinct.enumerated() {
      // The first chunk speaks for the whole text.
      let last = conditioners.count - 1
      let pooled = isXL ? try state(rows[index][last][0], encoder: last, clipSkip: clipSkip, &states).pooled : nil
      let context = Tensor.concatenate(contexts[index], axis: 1)
      try Finiteness.check(context, "the text under its weights") {
        let weights = rows[index].joined().flatMap(\.weights).map(abs)
        return "weights in brackets of up to \(weights.max() ?? 1) are too large; 0.5 to 1.5 is usual"
      }
      found[text] = PromptConditioning(context: context, pooled: pooled)
    }
    return texts.map { text in
      guard let conditioning = found[text] else { preconditionFailure("\"\(text)\" was not encoded") }
      return conditioning
    }
  }

  /// The conditioning lengthened by empty chunks to `length` tokens.
  func padded(
    _ conditioning: PromptConditioning, to length: Int, clipSkip: Int?, _ states: inout TextStates
  ) throws -> PromptConditioning {
    let missing = length - conditioning.context.shape[1]
    guard missing > 0 else { return conditioning }
    let empty = try encode([""], clipSkip: clipSkip, &states)[0].context
    let rows = [conditioning.context] + Array(repeating: empty, count: missing / empty.shape[1])
    return PromptConditioning(context: Tensor.concatenate(rows, axis: 1), pooled: conditioning.pooled)
  }

  /// The conditioning of "nothing": zeros, for SDXL without a negative prompt.
  static func zeros(like conditioning: PromptConditioning) -> PromptConditioning {
    PromptConditioning(
      context: .zeros(conditioning.context.shape),
      pooled: conditioning.pooled.map { .zeros($0.shape) })
  }
}

/// What text encoders said about chunks, each asked once.
struct TextStates {
  /// The hidden state the U-Net reads `[1, T, D]` and the pooled text `[1, P]`, float32.
  typealias State = (context: Tensor, pooled: Tensor)

  fileprivate struct Key: Hashable {
    let encoder: Int
    let clipSkip: Int?
    let ids: [Int32]
    /// Positions and indices of embeddings.
    let vectors: [[Int]]
  }
  fileprivate var known: [Key: State] = [:]
}

extension PromptEncoder {
  /// The tokens of a text for one of the encoders.
  func chunks(_ text: String, encoder: Int) throws -> TokenChunks {
    let part = conditioners[encoder]
    let length = part.model.config.positionCount
    let segments = emphasis == .none ? [.text(text, weight: 1)] : EmphasisParser.parse(text)
    let chunks = TokenChunks(segments, tokenizer: part.tokenizer, length: length, embeddings: embeddings)
    guard chunks.chunks.allSatisfy({ $0.weights.allSatisfy(\.isFinite) }) else {
      throw GenerationError.badValue(
        name: "the prompt", value: "\"\(text.prefix(60))\"", reason: "a word's weight is too large: take one near 1")
    }
    return chunks
  }

  /// What a prompt comes to for a text encoder that says which words it has learnt: those that are left out, each once, and
  /// how many tokens stay; nil where nobody says.
  /// - Parameters:
  ///   - isNegative: AND and tags are text in negative prompts.
  ///   - steps: of the run, which decide what a prompt that changes on the way comes to.
  public func reading(
    _ prompt: String, isNegative: Bool = false, steps: Int
  ) throws -> (leftOut: [String], tokenCount: Int)? {
    guard conditioners.first?.tokenizer.knownWords != nil else { return nil }
    let read = isNegative ? Prompt(negative: prompt) : Prompt(prompt)
    let parts = emphasis == .none ? [Prompt.Part(text: prompt, weight: 1)] : read.parts
    let texts = parts.flatMap { part in
      emphasis == .none ? [part.text] : PromptSchedule(part.text, steps: steps).entries.map(\.text)
    }
    let found = try texts.map { try chunks($0, encoder: 0) }
    var seen: Set<String> = []
    return (found.flatMap(\.leftOut).filter { seen.insert($0).inserted }, found.reduce(0) { $0 + $1.tokenCount })
  }

  private func emptyChunk(encoder: Int) throws -> TokenChunks.Chunk { try chunks("", encoder: encoder).chunks[0] }

  private func state(
    _ chunk: TokenChunks.Chunk, encoder: Int, clipSkip: Int?, _ states: inout TextStates
  ) throws -> TextStates.State {
    let key = TextStates.Key(
      encoder: encoder, clipSkip: clipSkip, ids: chunk.ids, vectors: chunk.vectors.map { [$0.position, $0.embedding] })
    if let found = states.known[key] { return found }
    let part = conditioners[encoder]
    let replacements = chunk.vectors.map {
      CLIPTextModel.Replacement(row: 0, position: $0.position, vectors: embeddings[$0.embedding].vectors[encoder])
    }
    let encoding = part.model([chunk.ids], replacing: replacements, dtype: precision.dtype)
    let made = (
      context: try Self.hiddenState(encoding, of: part, isXL: isXL, clipSkip: clipSkip).cast(to: .f32),
      pooled: encoding.pooled.cast(to: .f32)
    )
    for values in isXL ? [made.context, made.pooled] : [made.context] {
      try Finiteness.check(values, "the text encoder") { Finiteness.weights(of: "the text encoder", precision) }
    }
    states.known[key] = made
    return made
  }

  /// Throws unless so many layers can be skipped.
  static func check(clipSkip: Int, layers: Int, isXL: Bool) throws(GenerationError) {
    let limit = isXL ? layers - 1 : layers
    guard (0...max(limit, 0)).contains(clipSkip) else {
      throw .badValue(
        name: "`clip-skip`", value: "\(clipSkip)",
        reason: "must be 0 to \(limit): the text encoder has \(layers) layers")
    }
  }

  /// The hidden state the U-Net reads. SDXL takes the last layer but one without the final LayerNorm.
  static func hiddenState(
    _ encoding: TextEncoding, of part: TextConditioner, isXL: Bool, clipSkip: Int?
  ) throws -> Tensor {
    let skipped = clipSkip ?? 0
    let count = encoding.hiddenStates.count
    let extra = isXL ? 2 : 1
    try Self.check(clipSkip: skipped, layers: count - 1, isXL: isXL)
    if isXL { return encoding.hiddenStates[count - skipped - extra] }
    if clipSkip == nil { return encoding.lastHiddenState }
    return part.model.normalized(encoding.hiddenStates[count - skipped - 1])
  }
}
