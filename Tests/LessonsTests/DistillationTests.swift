import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import Jobs
import Lessons
import Models
import NN
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Training

/// What students of few steps learn: formulas against plain arithmetic, the loss against a naive one, whole runs on sd1_tiny.
@Suite struct DistillationTests {
  init() { LessonKinds.register() }

  /// The bundled model's kind of schedule: velocity, and nothing but noise at the start.
  private func config(_ type: PredictionType) -> SchedulerConfig {
    var config = SchedulerConfig()
    (config.betaSchedule, config.predictionType) = (.cosine, type)
    (config.rescaleBetasZeroSNR, config.setAlphaToOne) = (type == .velocity, true)
    return config
  }

  /// Signal and noise at a timestep, none for the end.
  private func level(_ config: SchedulerConfig, _ timestep: Int?) -> (s: Double, n: Double) {
    guard let timestep else { return (1, 0) }
    let bar = Double(config.schedule.alphasCumprod[timestep])
    return (bar.squareRoot(), (1 - bar).squareRoot())
  }

  /// Clean sample and noise of an output, by the definitions.
  private func parts(
    _ type: PredictionType, _ output: Double, _ x: Double, _ level: (s: Double, n: Double)
  ) -> (clean: Double, noise: Double) {
    type == .epsilon
      ? ((x - level.n * output) / level.s, output)
      : (level.s * x - level.n * output, level.s * output + level.n * x)
  }

  private let values: [Float] = [0.7, -1.3, 0.2, 1.9]

  /// Each row at a step of its own; a network that says something of value and time.
  private func says(_ x: Double, _ timestep: Int) -> Double { 0.4 * x + 0.1 + Double(timestep) / 2000 }

  private func network(_ x: Tensor, _ timesteps: [Int]) -> Tensor {
    let values = x.floats()
    return Tensor(values.indices.map { Float(says(Double(values[$0]), timesteps[$0])) }, shape: x.shape)
  }

  /// One step of the student leads where two of the teacher's do (Salimans & Ho 2022, algorithm 2).
  @Test(arguments: [PredictionType.velocity, .epsilon]) func aStudentsStepIsTwoOfItsTeachers(_ type: PredictionType)
    throws
  {
    let config = config(type)
    let method = try ProgressiveDistillation(config, steps: 4)
    #expect(method.timesteps == [999, 749, 499, 249])
    let teachers = [999, 874, 749, 624, 499, 374, 249, 124]
    let places = [0, 1, 2, 3]
    let x = Tensor(values, shape: [4, 1, 1, 1])
    let clean = method.clean(x, places: places, teacher: network) { _, _ in
      Issue.record("the student is not asked")
      return x
    }
    for (row, place) in places.enumerated() {
      var z = Double(values[row])
      for step in 0..<2 {
        let timestep = teachers[2 * place + step]
        let next = 2 * place + step + 1
        let (from, to) = (level(config, timestep), level(config, next < 8 ? teachers[next] : nil))
        let found = parts(type, says(z, timestep), z, from)
        z = to.s * found.clean + to.n * found.noise
      }
      // The student's own step, from the clean sample it is taught.
      let (from, to) = (
        level(config, method.timesteps[place]), level(config, place < 3 ? method.timesteps[place + 1] : nil)
      )
      let taught = Double(clean.floats()[row])
      let noise = (Double(values[row]) - from.s * taught) / from.n
      let led = to.s * taught + to.n * noise
      #expect(abs(led - z) < 1e-4 * max(1, abs(z)), "row \(row): \(led), not \(z)")
      // Errors of the clean sample count max(SNR, 1); an output's error is one of it times n, or n / s for noise.
      let slope = type == .epsilon ? from.n / from.s : from.n
      let wanted = max(from.s * from.s / (from.n * from.n), 1) * slope * slope
      #expect(abs(Double(method.weight(place)) - wanted) < 1e-4 * wanted)
    }
  }

  /// What a student says of a sample is what it says a step of the teacher later (Luo et al. 2023, algorithm 1).
  @Test(arguments: [PredictionType.velocity, .epsilon], [1, 4]) func aStudentIsConsistentAlongItsTeachersWay(
    _ type: PredictionType, skip: Int
  ) throws {
    let config = config(type)
    let method = try ConsistencyDistillation(config, steps: 50, skip: skip)
    #expect(
      method.timesteps.count == 50 && method.timesteps.prefix(3) == [999, 979, 959] && method.timesteps.last == 19)
    let places = [0, 10, 48, 49]
    let x = Tensor(values, shape: [4, 1, 1, 1])
    func student(_ x: Tensor, _ timesteps: [Int]) -> Tensor { network(x, timesteps) * 0.5 }
    let clean = method.clean(x, places: places, teacher: network, student: student).floats()
    func boundary(_ timestep: Int) -> (skip: Double, out: Double) {
      let t = 10 * Double(timestep)
      return (0.25 / (t * t + 0.25), t / (t * t + 0.25).squareRoot())
    }
    for (row, place) in places.enumerated() {
      let timestep = method.timesteps[place]
      let next = place + skip < 50 ? method.timesteps[place + skip] : nil
      let (from, to) = (level(config, timestep), level(config, next))
      let (z, found) = (
        Double(values[row]), parts(type, says(Double(values[row]), timestep), Double(values[row]), from)
      )
      let later = to.s * found.clean + to.n * found.noise
      // At the end the function is the sample itself.
      var end = later
      if let next {
        let seen = parts(type, 0.5 * says(later, next), later, to)
        end = boundary(next).skip * later + boundary(next).out * seen.clean
      }
      let here = boundary(timestep)
      #expect(abs(here.skip * z + here.out * Double(clean[row]) - end) < 1e-4 * max(1, abs(end)), "row \(row)")
      let slope = (type == .epsilon ? from.n / from.s : from.n) * here.out
      let wanted = max(from.s * from.s / (from.n * from.n), 1) * slope * slope
      #expect(abs(Double(method.weight(place)) - wanted) < 1e-4 * wanted)
    }
  }

  @Test func theBoundaryIsTheSampleItselfWithoutNoise() {
    let (start, far) = (ConsistencyBoundary(timestep: 0, scaling: 10), ConsistencyBoundary(timestep: 999, scaling: 10))
    #expect(start.skip == 1 && start.out == 0)
    #expect(far.skip < 1e-8 && far.out > 0.9999999)
    let middle = ConsistencyBoundary(timestep: 0.05, scaling: 10)
    #expect(middle.skip == 0.5 && abs(middle.out - 0.5.squareRoot()) < 1e-12)
  }

  // MARK: - The loss

  private func batch(_ texts: TextRows) -> LatentBatch {
    var random = [ExampleRandom(seed: 5, example: 1, epoch: 0), ExampleRandom(seed: 5, example: 2, epoch: 0)]
    let rows = ["a cat", "a dog"].map { texts.tokens($0)[0] }
    return LatentBatch(latents: random.normal(like: [2, 8, 8, 4]), text: .tokens([rows]))
  }

  /// The loss is the mean of the weighted squares between what the student says and what leads to the teacher's sample; only the
  /// student learns from it.
  @Test func theLossIsANaiveOne() throws {
    let reference = try ReferenceCase("sd1_tiny")
    let components = try ReferencePipelines.components(reference)
    let learner = try reference.load("unet", UNet2DConditionConfig.self, isTrainable: true) {
      UNet2DConditionModel($0, $2)
    }
    let texts = try TextRows(components.text)
    let schedule = components.scheduler.schedule
    let method = try ConsistencyDistillation(components.scheduler, steps: 10)
    let guidance = Guidance(scale: 3)
    let objective = DistillationObjective(
      student: LatentObjective(
        network: learner.model, texts: texts, prediction: NoisePrediction(schedule, dtype: .f32),
        groups: [ParameterGroup("unet", learner.parameters)]),
      teacher: GuidedTeacher(network: components.network, guidance: guidance, dtype: .f32), method: method)
    let batch = batch(texts)
    func fresh() -> [ExampleRandom] { (0..<2).map { ExampleRandom(seed: 9, example: $0, epoch: 0) } }
    var random = fresh()
    let (value, gradients) = try valueAndGradients { try objective.loss(batch, random: &random) }
    #expect(learner.parameters.contains { gradients[$0] != nil })

    random = fresh()
    let places = random.indices.map { random[$0].integer(below: 10) }
    let noise = random.normal(like: batch.latents.shape)
    var sum = 0.0
    for row in 0..<2 {
      func one(_ tensor: Tensor) -> Tensor { tensor.slice(axis: 0, from: row, count: 1) }
      let timestep = method.timesteps[places[row]]
      let (s, n) = level(components.scheduler, timestep)
      let x = one(batch.latents) * Float(s) + one(noise) * Float(n)
      func told(_ text: String) throws -> NetworkConditioning {
        try texts.encode(texts.tokens(text).map { [$0] }, dtype: .f32)
      }
      let (text, empty) = (try told(["a cat", "a dog"][row]), try told(""))
      func asked(_ x: Tensor, _ t: Int) -> Tensor {
        let (u, c) = (
          components.network(x, timesteps: [Float(t)], empty), components.network(x, timesteps: [Float(t)], text)
        )
        return u + (c - u) * guidance.scale
      }
      let clean = method.clean(
        x, places: [places[row]], teacher: { asked($0, $1[0]) },
        student: { components.network($0, timesteps: [Float($1[0])], text) })
      // The noise that is seen with that clean sample.
      let target = (x - clean * Float(s)) * Float(1 / n)
      let error = components.network(x, timesteps: [Float(timestep)], text) - target
      sum += error.sumOfSquares * Double(method.weight(places[row]))
    }
    let wanted = sum / Double(batch.latents.count)
    #expect(abs(Double(value.scalar) - wanted) < 1e-3 * wanted, "\(value.scalar), not \(wanted)")
  }

  // MARK: - Runs

  private func recipe(_ scratch: ScratchPipeline, _ method: String) throws -> String {
    let folder = try LessonPictures.write(to: scratch)
    return """
      kind: distillation
      name: tiny
      teacher: \(scratch.model.path)
      guidance: 2
      data: {kind: folder, path: \(folder.path)}
      cache: \(scratch.file("latents").path)
      held_back: 2
      precision: f32
      compared_steps: [1, 2]
      teacher_compared: 4
      sample_prompts: [a cat]
      \(method)
      loop: {steps: 3, batch: 2, learning_rate: 0.001, seed: 3, log_every: 1, save_every: 2}
      """
  }

  private func run(_ yaml: String, _ scratch: ScratchPipeline, _ output: String, _ context: RunContext = RunContext())
    throws
  {
    let file = scratch.file("recipe.yaml")
    try Data(yaml.utf8).write(to: file)
    try Recipes.read(file).run(in: scratch.file(output), context)
  }

  @Test(arguments: [
    ("method: progressive\nresult: weights\nstudents: [2, 1]", ["student-2", "student-1"]),
    (
      "method: consistency\nresult: lora\nsolver_steps: 10\nsolver_skip: 2\nadapter: {rank: 2, targets: attention}",
      ["student"]
    ),
  ])
  func aStoppedRunGoesOnToTheSameStudents(method: String, students: [String]) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let yaml = try recipe(scratch, method)
    var notes: [String] = []
    try run(yaml, scratch, "whole", RunContext(onEvent: { if case .note(let line) = $0 { notes.append(line) } }))
    #expect(notes.contains { $0.hasPrefix("3 steps of 2 examples, about") })
    #expect(
      notes.last?.hasPrefix("tiny: samples.png, from above: teacher 4, teacher 1, student 1, teacher 2, student 2")
        == true)
    // Stopped in the last student's run, and in the first one's before that.
    for limit in [1, 3 * students.count - 1] {
      var steps = 0
      try run(
        yaml, scratch, "parts",
        RunContext(onEvent: { if case .step = $0 { steps += 1 } }, shouldStop: { steps >= limit }))
    }
    try run(yaml, scratch, "parts")
    let isLoRA = method.contains("lora")
    for student in students {
      let name = isLoRA ? "lora.safetensors" : "model/unet/diffusion_pytorch_model.safetensors"
      let files = try ["whole", "parts"].map { try Data(contentsOf: scratch.file("\($0)/\(student)/\(name)")) }
      #expect(files[0] == files[1], "\(student)")
    }
    #expect(FileManager.default.fileExists(atPath: scratch.file("whole/samples.png").path))
    #expect(FileManager.default.fileExists(atPath: scratch.file("whole/loss.png").path))

    // What was written draws: other pictures than the teacher's.
    var job = PictureJob()
    (job.model, job.precision) = (scratch.model.path, .f32)
    let teacher = try LoadedPipeline(ModelChoice(job))
    if isLoRA {
      job.loras = [scratch.file("whole/student/lora.safetensors").path]
    } else {
      job.model = scratch.file("whole/student-1/model").path
    }
    let student = try LoadedPipeline(ModelChoice(job))
    let request = GenerationRequest(
      prompts: ["a cat"], steps: 1, guidance: Guidance(scale: 1), sampler: isLoRA ? .lcm : .ddim, seeds: [1],
      width: LessonPictures.side, height: LessonPictures.side)
    let drawn = try [teacher, student].map { try $0.pipeline.generate(request).latents.floats() }
    #expect(drawn[0] != drawn[1] && drawn[1].allSatisfy(\.isFinite))
    if !isLoRA { #expect(student.components.scheduler.spacing == .trailing) }
  }

  @Test(arguments: [
    ("method: progressive\nresult: weights\nstudents: [4, 1]", "students must be each half of the one before"),
    ("method: progressive\nresult: weights", "students is what progressive distillation has"),
    ("method: consistency\nresult: weights\nsolver_steps: 10\nstudents: [1]", "students is what progressive"),
    ("method: consistency\nresult: weights\nsolver_steps: 10\nsolver_skip: 11", "solver_skip is 1 to solver_steps"),
    ("method: consistency\nresult: lora\nsolver_steps: 10", "adapter is what a lora has"),
    (
      "method: consistency\nresult: weights\nsolver_steps: 10\nsteps: 3",
      "steps is not a setting of distillation recipes"
    ),
    ("method: consistency\nresult: weights\nsolver_steps: 10\njudge: {learnt: 4, drawn: 2}", "judge needs scenes"),
  ])
  func wrongSettingsAreNamed(method: String, message: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let yaml = try recipe(scratch, method)
    expectError(["recipe.yaml", message]) { try run(yaml, scratch, "run") }
  }
}
