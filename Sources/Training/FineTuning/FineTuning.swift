import Adapters
import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import Jobs
import ModelFiles
import Models
import NN
import TensorCore

/// A fine-tuning run: opens the model and the pictures, puts objective, batches and result together.
struct FineTuning {
  private var recipe: FineTuningRecipe
  let folder: URL
  let context: RunContext

  init(_ recipe: FineTuningRecipe, folder: URL, _ context: RunContext) throws {
    (self.recipe, self.folder, self.context) = (recipe, folder, context)
  }

  mutating func run() throws {
    let (spec, modelURL) = try ModelLocator().pipeline(recipe.model)
    var options = spec.fileOptions(home: ModelLocator().home)
    // Captions may hold words that the model is about to learn.
    options.keepsAllWords = true
    let files = try PipelineFiles(modelURL, options: options)
    guard files.kind == .textToImage else {
      throw GenerationError.unsupported(
        what:
          "\(modelURL.path): \(files.kind?.rawValue ?? "this kind of") models cannot be taught; give a text-to-image model"
      )
    }
    _ = try SampleDrawing.jobs(recipe)
    let output = FineTuningOutput(recipe)
    if context.communicator.leads {
      try output.prepare(hasState: FileManager.default.fileExists(atPath: RunFolder.state(of: folder).path))
    }
    if recipe.method == .embedding { recipe.pictures.trigger = recipe.pictures.trigger ?? recipe.embedding.word }
    let rules = CaptionRules(recipe.pictures)
    let start = OpenedPictures(recipe.pictures, rules: rules)
    let cache = recipe.cache.map { URL(fileURLWithPath: $0) }
    var pictures = try start.open(own: output.companions + [folder] + [cache].compactMap { $0 })
    let runFolder = try RunFolder(folder)
    let components = try PipelineComponents(
      files, name: spec.name, trained: recipe.method == .full ? Set(recipe.parts) : [])
    for note in components.notes { context.note(note) }
    let drawing = SampleDrawing(recipe, components, spec)
    // What cannot be drawn is said before anything is.
    _ = try drawing.requests(drawing.jobs(), side: recipe.pictures.resolution ?? components.defaultSize)
    let modelHash = ModelHash.short(modelURL)
    let priors = PriorPictures(recipe, drawing, model: modelHash ?? modelURL.path, folder: folder, context)
    try pictures.addPriors(try priors.draw(), rules: rules)
    if context.shouldStop() { return }

    let learnable = try makeLearnable(components, files, captions: pictures.pictures.map(\.caption))
    let side = recipe.pictures.resolution ?? components.defaultSize
    let buckets = Buckets(
      resolution: side, multiple: components.sizeMultiple, isSquare: !recipe.pictures.usesBuckets)
    let split = try pictures.split(buckets: buckets, validation: recipe.pictures.validation, seed: recipe.loop.seed)
    let texts = try TextRows(components.text)
    let training = try batches(split.training, texts: texts, components, learnable, rules)
    let validation =
      try split.validation.isEmpty ? nil : batches(split.validation, texts: texts, components, learnable, rules)
    if let epochs = recipe.epochs {
      let batches = training.order(batch: recipe.loop.batch, seed: 0).batchesPerEpoch * epochs
      recipe.loop.steps = max(1, (batches + recipe.loop.accumulate - 1) / recipe.loop.accumulate)
      recipe.loop.sampleEvery = min(recipe.loop.sampleEvery, recipe.loop.steps)
    }
    tell(pictures, training, validation, learnable, texts: texts, buckets: buckets)
    // Encoders repacked their weights; the next time they are called is at the end.
    let isPrepared = try DerivedForms.untilEnd {
      try training.prepare(shouldStop: context.shouldStop, report: reportCaching)
        && validation?.prepare(shouldStop: context.shouldStop, report: { _, _ in }) ?? true
    }
    guard isPrepared else { return context.note("stopped while encoding; run again to go on") }
    Processor.releaseCachedMemory()

    var objective = LatentObjective(
      network: components.network, texts: texts,
      prediction: NoisePrediction(try components.scheduler.trainingSchedule, dtype: recipe.precision.dtype),
      groups: learnable.groups)
    objective.prediction.minSNRGamma = recipe.minSNRGamma
    objective.prediction.noiseOffset = recipe.noiseOffset
    objective.prediction.timesteps = recipe.timestepSampling ?? TimestepSampling()
    objective.recomputes = recipe.recomputes
    objective.word = learnable.word
    let identity = try recipe.identity(facts: [
      "model": modelHash ?? modelURL.path,
      "the pictures": ContentHash.hex(
        (split.training + split.validation).map { "\($0.picture.hash) \($0.picture.caption) \($0.shape)" }),
      "network weights": try recipe.adapter.start.map {
        ContentHash.hex([try Data(contentsOf: URL(fileURLWithPath: $0))])
      } ?? "",
    ])
    let result = FineTuningResult(
      recipe: recipe, learnable: learnable, drawing: drawing, objective: objective, validation: validation,
      look: StyleDistance(components.autoencoder, recipe.precision, pictures: split.training),
      sampleCaptions: (split.validation + split.training).map(\.picture.caption),
      metadata: AdapterMetadata(recipe, training: training, components, model: modelURL).values,
      side: buckets.shapes.map { min($0.width, $0.height) }.max() ?? side, folder: folder, context: context)
    let forecast = FineTuningForecast(recipe: recipe, training: training, result: result)
    try forecast.checkMemory(
      frozen: ModelPart.networks.flatMap { components.parameters[$0] ?? [] }, available: context.room.memory())
    var run = TrainingRun(
      recipe.loop, in: runFolder, identity: identity, source: training, objective: objective, artifact: result,
      optimizer: recipe.loop.optimizerSettings(recipe.precision.dtype), context)
    run.onStart = { [context] done in
      if let line = try forecast.line(done: done) { context.note(line) }
      return !context.shouldStop()
    }
    try run.run()
  }

  private func makeLearnable(
    _ components: PipelineComponents, _ files: PipelineFiles, captions: [String]
  ) throws -> any Learnable {
    switch recipe.method {
    case .lora: try LearnableAdapter(recipe, components, files)
    case .embedding: try LearnableWord(recipe, components)
    case .full: LearnableWeights(recipe, components, files, captions: captions)
    }
  }

  private func batches(
    _ examples: [FineTuningBatches.Example], texts: TextRows, _ components: PipelineComponents,
    _ learnable: any Learnable, _ rules: CaptionRules
  ) throws -> FineTuningBatches {
    let cache = try ContentCache(
      recipe.cache.map { URL(fileURLWithPath: $0) } ?? folder.appendingPathComponent("cache"))
    let changesTexts = learnable.groups.contains { !ModelPart.networks.map(\.rawValue).contains($0.name) }
    let encoder = PictureEncoder(
      codec: LatentCodec(components.autoencoder, precision: recipe.precision), cache: cache,
      autoencoder: NetworkHash.of(components.parameters[.vae] ?? []), isMasked: recipe.pictures.isMasked)
    var cached = CachedTexts(
      rows: texts, dtype: recipe.precision.dtype, cache: changesTexts ? nil : cache,
      encoders: ModelPart.textEncoders.map { NetworkHash.of(components.parameters[$0] ?? []) }.joined())
    cached.word = learnable.embeddings.first
    return FineTuningBatches(
      examples: examples, encoder: encoder, texts: cached, rules: rules, flips: recipe.pictures.flips)
  }

  private func reportCaching(_ done: Int, _ count: Int) {
    if done % 50 == 0 || done == count { context.note("encoded \(done) of \(count) pictures") }
  }

  /// What a person wants to know before a long run.
  private func tell(
    _ pictures: OpenedPictures.Found, _ training: FineTuningBatches, _ validation: FineTuningBatches?,
    _ learnable: any Learnable, texts: TextRows, buckets: Buckets
  ) {
    for skipped in pictures.skipped { context.note("skipped \(skipped.name): \(skipped.reason)") }
    let held = validation.map { ", \($0.count) held back" } ?? ""
    context.note(
      "\(pictures.count) pictures, \(pictures.skipped.count) skipped, \(training.count) examples an epoch\(held)")
    let wordless = pictures.pictures.count(where: \.caption.isEmpty)
    if wordless > 0 {
      context.note(
        "\(wordless) of them have no caption and are learnt without words, so that every prompt shows what they teach; to call it by a "
          + "word give a trigger, or captions in NAME.txt beside them")
    }
    let shapes = training.buckets.map { "\($0.shape): \($0.examples.count)" }
    context.note("buckets: \(shapes.joined(separator: ", "))")
    let small = Set(training.examples.filter { !buckets.shapes.contains($0.shape) }.map(\.picture.hash)).count
    if small > 0 {
      context.note(
        "smaller than \(buckets.side)×\(buckets.side) and learnt at their own size: \(small) pictures; what is drawn larger "
          + "then may fall apart. Give larger ones, or draw at their size")
    }
    let cut = Set(training.examples.map(\.picture.caption)).filter { texts.isCut($0) }.count
    if cut > 0 { context.note("\(cut) captions are longer than the text encoder reads; their ends are left out") }
    let loop = recipe.loop
    let perEpoch = training.order(batch: loop.batch, seed: 0).batchesPerEpoch
    let epochs = Double(loop.steps * loop.accumulate) / Double(max(perEpoch, 1))
    context.note(
      String(
        format: "%d steps of %d × %d pictures, %.1f epochs, learning rate %g, %@", loop.steps, loop.batch,
        loop.accumulate, epochs, loop.learningRate, loop.optimizer.rawValue))
    context.note("training \(learnable.summary)")
  }
}

/// A hash of a network's weights, from sums over each of them: read once, not byte by byte.
enum NetworkHash {
  static func of(_ parameters: [Parameter]) -> String {
    ContentHash.hex(
      parameters.map { parameter in
        let value = parameter.value.cast(to: .f32)
        return "\(parameter.name) \(parameter.shape) \(value.sum().scalar) \(value.sumOfSquares)"
      })
  }
}
