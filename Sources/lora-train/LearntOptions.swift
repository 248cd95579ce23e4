import Adapters
import ArgumentParser
import Training

extension AdapterTargets: ExpressibleByArgument {}

/// What is learnt: matrices beside the weights, or a word.
struct LearntOptions: ParsableArguments {
  @Option(help: "Rank of the matrices (8; 16 for the bundled model).") var rank: Int?
  @Option(help: "The change is scaled by alpha / rank (the rank).") var alpha: Float?
  @Option(help: "Rank of 3×3 convolutions, which are then trained too.") var convRank: Int?
  @Option(
    help: """
      What gets matrices: attention, transformer (with its feed-forward layers; usual) or all (usual for the bundled model).
      """)
  var targets: AdapterTargets?
  @Flag(help: "Trains the text encoders too.") var textEncoder = false
  @Option(help: "Their learning rate (half of --lr).") var lrText: Double?
  @Option(help: ArgumentHelp("A LoRA to go on from.", valueName: "file")) var networkWeights: String?
  @Option(help: "kohya, which every tool reads (usual), or diffusers.") var format: Format?
  @Option(
    help: ArgumentHelp("Learns a word for the pictures (textual inversion) instead of a LoRA.", valueName: "word"))
  var embedding: String?
  @Option(help: "Vectors the word stands for (1).") var vectors: Int?
  @Option(help: "A known word it starts from.") var initWord: String?

  /// The formats that are written.
  enum Format: String, ExpressibleByArgument, CaseIterable { case kohya, diffusers }

  func validate() throws {
    if lrText != nil, !textEncoder { throw ValidationError("--lr-text needs --text-encoder") }
    guard embedding != nil else {
      if initWord != nil { throw ValidationError("--init-word needs --embedding WORD") }
      if vectors != nil { throw ValidationError("--vectors needs --embedding WORD") }
      return
    }
    let matrices: [(Bool, String)] = [
      (rank != nil, "--rank"), (alpha != nil, "--alpha"), (convRank != nil, "--conv-rank"),
      (targets != nil, "--targets"), (textEncoder, "--text-encoder"), (networkWeights != nil, "--network-weights"),
      (format != nil, "--format"),
    ]
    if let named = matrices.first(where: \.0)?.1 {
      throw ValidationError("--embedding learns a word alone, no matrices; leave out \(named)")
    }
  }

  func fill(_ recipe: inout FineTuningRecipe, _ usual: UsualSettings) {
    (recipe.adapter.rank, recipe.adapter.alpha, recipe.adapter.convolutionRank) = (rank ?? usual.rank, alpha, convRank)
    (recipe.adapter.targets, recipe.adapter.trainsText) = (targets ?? usual.targets, textEncoder)
    recipe.adapter.textRate = lrText
    (recipe.adapter.start, recipe.adapter.format) = (networkWeights, format == .diffusers ? .diffusers : .kohya)
    (recipe.embedding.word, recipe.embedding.vectors, recipe.embedding.start) = (
      embedding ?? "", vectors ?? 1, initWord
    )
  }
}
