import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import Images
import Jobs
import ModelFiles
import SceneData

/// Measures pictures of a folder, or those that a model draws.
struct EvalPictures: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    commandName: "pictures", abstract: "Measures pictures of a folder, or those a model draws.",
    usage: """
      imago eval <pictures> --reference <pictures> [<options>]
      imago eval --model <model> --prompts <file> | --data <folder> [<options>]
      """,
    discussion: """
      Examples:
        imago eval drawn/ --reference photos/ --metrics kid,pr
        imago eval --model runs/mine/model --prompts Prompts/smoke.txt --json
        imago eval --model runs/mine/model --data scenes/ --network lite0.pth --probe judge.safetensors
        imago eval --data photos/ --cfg 1,3,5,7.5 --picture curves.png
      """)

  @Argument(help: "A folder of pictures to measure.", completion: .directory) var pictures: String?
  @Option(help: "A folder of real pictures to hold them against.", completion: .directory) var reference: String?
  @OptionGroup(title: "Drawing what is measured") var drawing: DrawnPictures
  @OptionGroup(title: "Measuring") var measuring: MeasuringOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    let isDrawn = drawing.isAsked
    guard (pictures != nil) != isDrawn else {
      throw ValidationError(
        pictures == nil
          ? "name the folder of pictures, or draw some: --prompts FILE or --data DIR"
          : "measure a folder, or draw with --prompts or --data, not both")
    }
    guard isDrawn || !drawing.saysMore else {
      throw ValidationError("--model and what goes with it draw: add --prompts FILE or --data DIR")
    }
    guard reference == nil || drawing.data == nil else {
      throw ValidationError("--data is the reference too: leave --reference out")
    }
    if measuring.picture != nil, drawing.scales.count < 2 {
      throw ValidationError("--picture shows how measures change with guidance: give several, such as --cfg 1,3,5")
    }
    let hasReference = reference != nil || drawing.data != nil
    for metric in try measuring.chosen ?? [] where metric.needsReference && !hasReference {
      throw ValidationError("--metrics \(metric.rawValue) compares with real pictures: name them with --reference")
    }
  }

  func run() throws {
    try reportingFailures {
      try ProcessTeam.run(compute) { compute, team in
        try compute.run(precision: drawing.isAsked ? nil : .f32) { try measure(compute, team) }
      }
    }
  }

  /// What is drawn is shared by the processes of a team; its leader measures.
  private func measure(_ compute: ComputeOptions, _ team: ProcessTeam) throws {
    guard team.leads || drawing.isAsked else { return }
    if let keep = drawing.keep { try KeptDrawings.check(URL(fileURLWithPath: keep)) }
    let real = try (reference ?? drawing.data).map {
      try JudgedPictures(folder: URL(fileURLWithPath: $0), limit: drawing.isAsked ? drawing.count : nil)
    }
    let given = try pictures.map { try JudgedPictures(folder: URL(fileURLWithPath: $0)) }
    let evaluation = try measuring.evaluation()
    let drawer = try drawing.isAsked ? drawing.drawer(real, compute) : nil
    if let given {
      try evaluation.check(
        pictures: given.count, haveTexts: given.captions.allSatisfy { !$0.isEmpty }, reference: real?.count)
    }
    if let drawer {
      let haveTexts = drawer.items.allSatisfy { $0.job.prompt?.isEmpty == false }
      try evaluation.check(pictures: drawer.items.count, haveTexts: haveTexts, reference: real?.count)
    }
    let reference = try team.leads ? real.map { try features($0, evaluation, "real") } : nil
    var reports: [EvaluationReport] = []
    if let given {
      reports.append(try evaluation.report(try features(given, evaluation, "pictures"), reference: reference))
    } else if let drawer {
      for (index, scale) in drawing.scalesOrOwn.enumerated() {
        let drawn = try drawer.draw(cfg: scale, team)
        guard team.leads else { continue }
        if index == 0, let keep = drawing.keep { try KeptDrawings.write(drawn, to: URL(fileURLWithPath: keep)) }
        var report = try evaluation.report(try features(drawn, evaluation, "drawn"), reference: reference)
        (report.model, report.cfg) = (drawer.name, scale.map(Double.init))
        reports.append(report)
      }
    }
    for report in reports { try show(report) }
    if let picture = measuring.picture, team.leads {
      try EvalPicture.write(ReportCurves.image(reports), to: picture, quiet: compute.quiet)
    }
  }

  private func features(
    _ pictures: JudgedPictures, _ evaluation: PictureEvaluation, _ label: String
  ) throws -> PictureFeatures {
    let bar = ProgressBar(total: pictures.count, label: label, quiet: compute.quiet)
    defer { bar.finish() }
    return try PictureFeatures(pictures, evaluation.network, wantsHalves: evaluation.probe != nil) {
      try Interruption.check()
      bar.update(done: $0)
    }
  }

  private func show(_ report: EvaluationReport) throws {
    var report = report
    report.notes = report.notes.map(spelled)
    if compute.json { return try Terminal.json(report) }
    if !compute.quiet { for note in report.notes { Terminal.error(oneLine("note: \(note)")) } }
    for line in report.lines { Terminal.out(line) }
  }
}

/// Flags that say what is measured and on what.
struct MeasuringOptions: ParsableArguments {
  @Option(help: "fid, kid, pr, is, agreement, separated by commas (all that can be measured).") var metrics: String?
  @OptionGroup var network: NetworkOption
  @Option(help: "A linear probe that imago eval probe made: says what pictures show.", completion: .file())
  var probe: String?
  @Option(
    help: "Folder of cut-out drawings: tells symmetric things from the others in what --probe finds.",
    completion: .directory)
  var sprites: String?
  @Option(help: "The things of those drawings (the program's own).", completion: .file()) var vocabulary: String?
  @Option(parsing: .unconditional, help: "Decides the draws behind the intervals.", transform: unsigned)
  var resamplingSeed: UInt64 = 0
  @Option(help: "A .png or .jpg of the measures by guidance scale.", completion: .file()) var picture: String?

  func validate() throws {
    try EvalPicture.check(picture)
    if sprites != nil, probe == nil { throw ValidationError("--sprites belongs to --probe") }
    if vocabulary != nil, sprites == nil { throw ValidationError("--vocabulary belongs to --sprites") }
  }

  /// What `--metrics` names; nil for all that can be measured.
  var chosen: Set<PictureMetric>? {
    get throws {
      guard let metrics else { return nil }
      return Set(
        try metrics.split(separator: ",", omittingEmptySubsequences: false).map { name in
          let name = name.trimmingCharacters(in: .whitespaces)
          guard let metric = PictureMetric(rawValue: name) else {
            let names = PictureMetric.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--metrics \(name): there are \(names)")
          }
          return metric
        })
    }
  }

  func evaluation() throws -> PictureEvaluation {
    var evaluation = PictureEvaluation(try network.open())
    evaluation.metrics = try chosen
    evaluation.resampling = Resampling(seed: resamplingSeed)
    evaluation.probe = try probe.map {
      try LinearProbe(contentsOf: URL(fileURLWithPath: $0), for: evaluation.network)
    }
    evaluation.symmetric = try sprites.map {
      let table = vocabulary.map { URL(fileURLWithPath: $0) } ?? ModelLocator().sceneVocabulary
      return try DrawingSymmetry.symmetricThings(
        try SceneVocabulary(contentsOf: table), sprites: URL(fileURLWithPath: $0))
    }
    return evaluation
  }
}
