import Conditioning
import Foundation
import Hummingbird
import PromptLanguage

/// `/api/explain`: what a prompt comes to, as it is typed.
struct ExplainRoutes: Sendable {
  let server: PictureServer
  let tokenizers: ModelTokenizers

  /// What is asked.
  struct Asked: Decodable, Sendable {
    let prompt: String
    let negativePrompt, model: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case prompt, negativePrompt, model }

    init(from decoder: any Decoder) throws {
      try decoder.refuseUnknown(CodingKeys.self)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      prompt = try container.decode(String.self, forKey: .prompt)
      negativePrompt = try container.decodeIfPresent(String.self, forKey: .negativePrompt)
      model = try container.decodeIfPresent(String.self, forKey: .model)
    }
  }

  func add(to router: some RouterMethods<ServerContext>) {
    router.post("/api/explain") { request, context in
      let asked = try await request.body(of: Asked.self, context)
      return try await Blocking.run { try JSONAnswer(try explain(asked)) }
    }
  }

  private func explain(_ asked: Asked) throws -> ExplanationReport {
    let files = server.desk.folders.files()
    let reader = try tokenizers.reader(try asked.model.map { try files.model($0).value })
    let names = files.embeddings.map(\.name)
    var report = ExplanationReport(asked.prompt, isNegative: false, reader, embeddings: names)
    if let negative = asked.negativePrompt {
      report.negative = [ExplanationReport(negative, isNegative: true, reader, embeddings: names)]
    }
    return report
  }
}

/// What a prompt comes to.
struct ExplanationReport: Encodable {
  private struct Problem: Encodable {
    let message: String
    var start, end: Int?
  }

  private struct Token: Encodable {
    let text: String
    let weight: Float
  }

  /// Tokens of the longest of its texts, and how many its chunks have room for.
  private let tokens, limit: Int
  private let chunks: [[Token]]
  private let spans: [PromptSpans.Span]
  private let problems: [Problem]
  /// Words the model never learnt.
  private let leftOut: [String]
  /// Of the negative prompt, at most one.
  var negative: [ExplanationReport] = []

  private enum Key: CodingKey { case tokens, limit, chunks, spans, problems, leftOut, negative }

  /// - Parameter reader: nil for a model that reads no text.
  init(_ prompt: String, isNegative: Bool, _ reader: ModelTokenizers.Reader?, embeddings: [String]) {
    do { try PromptLimits.check(prompt, isNegative: isNegative) } catch {
      (tokens, limit, chunks, spans, leftOut) = (0, 0, [], [], [])
      problems = [Problem(message: error.description)]
      return
    }
    var found = PromptSpans(prompt, isNegative: isNegative, embeddings: embeddings).spans
    var problems = PromptCheck.problems(prompt).filter { !isNegative || $0.kind != .weight }.map { problem in
      let place = problem.column.flatMap { Self.place($0, in: prompt) }
      return Problem(message: problem.message, start: place?.lowerBound, end: place?.upperBound)
    }
    for problem in problems {
      if let start = problem.start, let end = problem.end {
        found.append(PromptSpans.Span(start: start, end: end, kind: .problem))
      }
    }
    found.sort { ($0.start, -$0.end) < ($1.start, -$1.end) }
    spans = found
    guard let reader else {
      (tokens, limit, chunks, leftOut) = (0, 0, [], [])
      self.problems = problems
      return
    }
    let explained = PromptExplanation(
      prompt, isNegative: isNegative, steps: reader.steps, tokenizer: reader.tokenizer, length: reader.length)
    let longest = explained.texts.max { $0.tokenCount < $1.tokenCount }
    tokens = longest?.tokenCount ?? 0
    chunks = (longest?.chunks ?? []).map { $0.map { Token(text: $0.token, weight: $0.weight) } }
    limit = explained.chunkSize * max(chunks.count, 1)
    leftOut = explained.leftOut
    if !leftOut.isEmpty {
      problems.append(Problem(message: "this model never learnt: \(leftOut.prefix(12).joined(separator: ", "))"))
    }
    if !explained.exchanged.isEmpty {
      let words = explained.exchanged.prefix(12).map(\.description).joined(separator: ", ")
      problems.append(Problem(message: "read as words this model has learnt: \(words)"))
    }
    self.problems = problems
  }

  /// A character's place in UTF-16 code units.
  /// - Parameter column: counted from 1.
  private static func place(_ column: Int, in prompt: String) -> Range<Int>? {
    guard column >= 1, let index = prompt.index(prompt.startIndex, offsetBy: column - 1, limitedBy: prompt.endIndex),
      index < prompt.endIndex
    else { return nil }
    let start = prompt.utf16.distance(from: prompt.startIndex, to: index)
    return start..<start + prompt[index].utf16.count
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(tokens, forKey: .tokens)
    try container.encode(limit, forKey: .limit)
    try container.encode(chunks, forKey: .chunks)
    try container.encode(spans, forKey: .spans)
    try container.encode(problems, forKey: .problems)
    try container.encode(leftOut, forKey: .leftOut)
    try container.encodeIfPresent(negative.first, forKey: .negative)
  }
}
