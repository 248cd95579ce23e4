import Checkpoints
import Foundation
import Lessons
import NN
import TensorCore
import TestSupport
import Testing
import Training

@Suite struct LanguageTests {
  private let config = CausalTransformerConfig(
    vocabularySize: 514, hiddenSize: 16, intermediateSize: 24, layers: 2, heads: 2, context: 16)

  private func reference() throws -> (model: CausalTransformer, parameters: [Parameter], file: TensorFile) {
    let file = try TensorFile(fixtureURL("lessons/llama.safetensors"))
    let names = file.keys.filter { $0.hasPrefix("model.") }
    let weights = Dictionary(uniqueKeysWithValues: try names.map { ($0, try file.tensor($0)) })
    let store = ParameterStore(TensorDictionary(weights), isTrainable: { _ in true })
    let model = CausalTransformer(store.root, config)
    try store.finish()
    return (model, store.parameters, file)
  }

  @Test func logitsLossAndGradientsAreThoseOfTransformers() throws {
    let (model, parameters, file) = try reference()
    let ids = try file.tensor("ids")
    expectClose(model.logits(ids), try file.tensor("logits"), atol: 2e-4, rtol: 1e-4, "logits")
    let values = ids.integers()
    let batch = TokenBatch([values[0..<9], values[9..<18]])
    let objective = LanguageObjective(model: model, dtype: .f32, groups: [ParameterGroup("all", parameters)])
    let (loss, gradients) = valueAndGradients { objective.loss(batch) }
    expectClose(loss.floats(), try file.tensor("loss").floats(), rtol: 1e-5, "loss")
    for key in file.keys where key.hasPrefix("gradient.") {
      let parameter = try #require(parameters.first { "gradient.\($0.name)" == key })
      expectClose(
        try #require(gradients[parameter]).floats(), try file.tensor(key).floats(), atol: 2e-5, rtol: 1e-3, key)
    }
    // A text of one window and a bit: the mean over its tokens.
    let tokens = Array(values[0..<9])
    let pieces = [(tokens[0..<5], 4.0), (tokens[4..<9], 4.0)]
    let mean = pieces.reduce(0) { $0 + Double(objective.loss(TokenBatch([$1.0])).scalar) * $1.1 } / 8
    #expect(abs(objective.loss(of: tokens, context: 4) - mean) < 1e-6)
  }

  @Test func aCacheChangesNothing() throws {
    let (model, _, file) = try reference()
    let ids = try file.tensor("ids").integers()
    let whole = model.logits(Tensor(Array(ids[0..<9]), shape: [1, 9])).floats()
    var cache = KeyValueCache(layers: 2)
    var found = model.logits(Tensor(Array(ids[0..<3]), shape: [1, 3]), cache: &cache).floats()
    for id in ids[3..<9] { found += model.logits(Tensor([id], shape: [1, 1]), cache: &cache).floats() }
    expectClose(found, whole, atol: 1e-5, rtol: 1e-5)
    #expect(cache.count == 9)
  }

  @Test func tokensAreChosenAsTransformersHasIt() throws {
    let file = try TensorFile(fixtureURL("lessons/choice.safetensors"))
    let (logits, rows) = (try file.tensor("logits").floats(), try file.tensor("probabilities").floats())
    let choices: [(Int?, Float?)] = [(nil, nil), (5, nil), (nil, 0.6), (5, 0.6)]
    for (row, choice) in choices.enumerated() {
      var found = Array(repeating: Float(0), count: 12)
      for candidate in TokenChoice(temperature: 0.7, topK: choice.0, topP: choice.1).candidates(logits) {
        found[Int(candidate.id)] = Float(candidate.probability)
      }
      expectClose(found, Array(rows[(12 * row)..<(12 * row + 12)]), atol: 1e-5, "choice \(row)")
    }
    let likeliest = try #require(logits.indices.max { logits[$0] < logits[$1] })
    let greedy = TokenChoice(temperature: 0).candidates(logits)
    #expect(greedy.count == 1 && greedy[0].id == Int32(likeliest) && greedy[0].probability == 1)
  }

  @Test func tokensAreDrawnAsOftenAsTheyAreLikely() {
    let logits = [0.5, 0.3, 0.2].map { Float(log($0)) }
    var random = ExampleRandom(seed: 1, example: 0, epoch: 0)
    var counts = [0, 0, 0]
    for _ in 0..<4000 { counts[Int(TokenChoice().choose(logits, &random))] += 1 }
    expectClose(counts.map { Float($0) / 4000 }, [0.5, 0.3, 0.2], atol: 0.03)
  }

  // MARK: - Text

  private let verse = """
    So shaken as we are, so wan with care,
    Find we a time for frighted peace to pant,
    And breathe short-winded accents of new broils
    To be commenc'd in strands afar remote.\n
    """

  @Test func wordsAreCutAtSpacesAndSigns() {
    let words = VerseTokenizer.words(of: Array("O, I'll  go--\n12é".utf8)).map { String(decoding: $0, as: UTF8.self) }
    #expect(words == ["O", ",", " ", "I", "'", "ll", " ", " ", "go", "--", "\n", "1", "2", "é"])
  }

  @Test func aTextComesBackWhole() throws {
    let folder = try ScratchFolder()
    let text = String(repeating: verse, count: 3)
    try VerseTokenizer.learn(text, path: "v", size: 540, context: 16, to: folder.file("t"))
    let tokenizer = try VerseTokenizer(directory: folder.file("t"))
    #expect(tokenizer.vocabularySize == 540)
    for sample in [verse, "Zürich, 1603: \u{1F3AD}\t{?}", "", "   ", "<|endoftext|>"] {
      #expect(tokenizer.decode(tokenizer.encode(sample)) == sample)
    }
    #expect(tokenizer.encode(verse).count < verse.utf8.count - 20)
    expectError(["v: ", "vocabulary_size is 9000"]) {
      try VerseTokenizer.learn(text, path: "v", size: 9000, context: 16, to: folder.file("u"))
    }
  }

  @Test func everyPassageIsSomewhere() {
    let lines = (0..<3000).map { "line \($0) of a long text\n" }
    let passages = TextPassages(lines.joined(), every: 4)
    let (learnt, kept) = (
      passages.training.split(separator: "\n"), passages.heldBack.split(separator: "\n")
    )
    #expect(Set(learnt).isDisjoint(with: kept) && learnt.count + kept.count == 3000)
    #expect((600...900).contains(kept.count))
  }
}
