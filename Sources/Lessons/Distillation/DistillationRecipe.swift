import Conditioning
import Diffusion
import Evaluation
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore
import Training

/// Teaches a model to draw in few steps what it draws in many: by halving its steps again and again (Salimans & Ho 2022), or by
/// making it consistent along its way (Luo et al. 2023). What is guided in the teacher, the student does unguided.
public struct DistillationRecipe: TrainingRecipe {
  public static let kind = "distillation"
  public static let incidental = ["cache", "teacher", "compared_steps", "teacher_compared", "sample_prompts", "judge"]

  public enum Method: String, Codable, Sendable, CaseIterable { case progressive, consistency }

  /// What a student is.
  public enum Result: String, Codable, Sendable, CaseIterable {
    /// A model of its own.
    case weights
    /// A LoRA beside the teacher.
    case lora
  }

  public var name: String
  public var method: Method
  public var result: Result
  /// A diffusers folder or a pipeline's name; nil for the bundled model.
  public var teacher: String?
  /// The scale of classifier-free guidance the students take over; 1 for none.
  public var guidance: Float
  /// Steps of one student after the other, each half of the one before (progressive).
  public var students: [Int]?
  /// Steps of the teacher's solver (consistency).
  public var solverSteps: Int?
  /// How many of them the teacher goes at once (consistency); 1 if not given.
  public var solverSkip: Int?
  public var data: DataRecipe
  /// Where latents are kept between runs.
  public var cache: String
  /// Pictures at the end of the data that are not learnt from.
  public var heldBack: Int
  public var precision: Precision
  /// Low-rank matrices of a student that is a LoRA.
  public var adapter: AdapterSettings?
  /// Numbers of steps in which teacher and students are compared.
  public var comparedSteps: [Int]
  /// Steps of the teacher at its best.
  public var teacherCompared: Int
  public var samplePrompts: [String]
  /// Judges what the pictures show; nil for data of which nobody knows that.
  public var judge: JudgeSettings?
  /// Of each student's run.
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, method, result, teacher, guidance, students, data, cache, precision, adapter, judge, loop
    case solverSteps = "solver_steps"
    case solverSkip = "solver_skip"
    case heldBack = "held_back"
    case comparedSteps = "compared_steps"
    case teacherCompared = "teacher_compared"
    case samplePrompts = "sample_prompts"
  }
}

extension DistillationRecipe {
  public var problem: RecipeProblem? {
    let isProgressive = method == .progressive
    let students = students ?? [1]
    let steps = 1...500
    let rules: [RecipeProblem.Rule] = [
      ((1...1000).contains(guidance), "guidance", "must be 1 to 1000; 1 is none"),
      (isProgressive == (self.students != nil), "students", "is what progressive distillation has, and no other"),
      (isProgressive == (solverSteps == nil), "solver_steps", "is what consistency distillation has, and no other"),
      (!students.isEmpty && students.allSatisfy(steps.contains), "students", "must be numbers of steps, 1 to 500"),
      (
        zip(students, students.dropFirst()).allSatisfy { $0 == 2 * $1 }, "students",
        "must be each half of the one before"
      ),
      ((2...1000).contains(solverSteps ?? 50), "solver_steps", "must be 2 to 1000"),
      (
        solverSkip.map { !isProgressive && (1...(solverSteps ?? 1)).contains($0) } ?? true, "solver_skip",
        "is 1 to solver_steps, and consistency distillation's"
      ),
      ((result == .lora) == (adapter != nil), "adapter", "is what a lora has, and weights have not"),
      (adapter.map { !$0.trainsText && $0.start == nil } ?? true, "adapter", "trains the U-Net alone, from the start"),
      ((1...100_000).contains(heldBack), "held_back", "must be 1 to 100000"),
      (data.count.map { heldBack < $0 } ?? true, "held_back", "must be less than data.count"),
      (!comparedSteps.isEmpty && comparedSteps.allSatisfy(steps.contains), "compared_steps", "must be 1 to 500 each"),
      (steps.contains(teacherCompared), "teacher_compared", "must be 1 to 500"),
      ((1...16).contains(samplePrompts.count), "sample_prompts", "must be 1 to 16"),
      (
        loop.averages.isEmpty, "loop.average_decay",
        "and average_lengths are of no use: each student starts from the last one's weights"
      ),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules) ?? adapter?.problem
      ?? judge?.problem(heldBack: heldBack, data: data)
  }

  /// The students: what each is called, how it learns, and the numbers of steps it is for, nil for any.
  private func stages(_ config: SchedulerConfig) throws -> [(name: String, method: any Distillation, steps: Int?)] {
    switch method {
    case .progressive:
      try (students ?? []).map { ("student-\($0)", try ProgressiveDistillation(config, steps: $0), $0) }
    case .consistency:
      [("student", try ConsistencyDistillation(config, steps: solverSteps ?? 50, skip: solverSkip ?? 1), nil)]
    }
  }

  /// How students' pictures are sampled.
  func sampled(_ config: SchedulerConfig) -> SchedulerConfig {
    if method == .consistency { return ConsistencyDistillation.sampled(config, steps: solverSteps ?? 50) }
    var settings = config.adapted(to: "DDIMScheduler")
    (settings.spacing, settings.setAlphaToOne) = (.trailing, true)
    return settings
  }

  /// Trains one student after the other, or goes on training, and compares them with the teacher.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let base = try LearningModel(teacher)
    let pictures = EncodedPictures(
      data: data, size: base.components.defaultSize, autoencoder: base.folder.appendingPathComponent("vae").path,
      cache: cache, precision: precision)
    guard let latents = try pictures.open(try pictures.loadAutoencoder(), context) else { return }
    guard latents.count > heldBack else {
      throw TrainingError.noData(
        path: "held_back", reason: "\(heldBack) of \(latents.count) pictures leave none to learn")
    }
    let stages = try stages(base.components.scheduler)
    context.note("\(name): \(stages.count) students of \(loop.steps) steps each, \(latents.count - heldBack) pictures")
    var learnt: [(student: Student, steps: Int?)] = []
    for stage in stages {
      let student = try Student(
        self, base: base, after: learnt.last?.student, in: runFolder.url.appendingPathComponent(stage.name))
      guard try train(student, stage.method, latents, base, context) else { return }
      learnt.append((student, stage.steps))
    }
    let logs = learnt.map { ($0.student.folder.lastPathComponent, TrainingLog.entries(of: $0.student.folder)) }
    try ImageFile.save(
      LossCurve.chart(logs, title: "\(name): loss").image(), to: folder.appendingPathComponent("loss.png"), text: [])
    let comparison = StepComparison(recipe: self, base: base, latents: latents, folder: folder)
    for line in try comparison.run(learnt) { context.note("\(name): \(line)") }
  }

  /// - Returns: whether the student is finished.
  private func train(
    _ student: Student, _ method: any Distillation, _ latents: LatentCache, _ base: LearningModel, _ context: RunContext
  ) throws -> Bool {
    let texts = try TextRows(base.components.text)
    let objective = DistillationObjective(
      student: LatentObjective(
        network: student.network, texts: texts,
        prediction: NoisePrediction(try base.components.scheduler.trainingSchedule, dtype: precision.dtype),
        groups: [ParameterGroup("unet", student.trained)]),
      teacher: GuidedTeacher(
        network: student.teacher, guidance: Guidance(scale: student.isFirst ? guidance : 1), dtype: precision.dtype),
      method: method)
    context.note("\(student.folder.lastPathComponent): \(objective.groups[0].size) numbers learn")
    let facts = ["model": base.hash, "student": student.folder.lastPathComponent]
    let run = TrainingRun(
      loop, in: try RunFolder(student.folder), identity: try identity(facts: facts),
      source: CachedLatents(latents, texts: texts, captionDropout: 0, heldBack: heldBack), objective: objective,
      artifact: student, optimizer: loop.optimizerSettings(precision.dtype), context)
    return try run.tellingCost().run().isFinished
  }
}
