import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import Generation
import Jobs
import ModelFiles

/// Fits a linear probe.
struct EvalProbe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe", abstract: "Fits a linear probe that says what pictures show, on a network's features.",
    discussion: """
      The folder says what its pictures show: scenes made by imago data scenes, a column label in metadata.jsonl or .csv, or \
      sub-folders named after what they hold. --test says how often the probe is right on pictures it never saw.

      Examples:
        imago eval probe judge-scenes/ --network lite0.pth --test scenes/ --output judge.safetensors
        imago eval probe judge-scenes/ --network lite0.pth --through scenes --output judge.safetensors
        imago eval probe judge-scenes/ --network lite0.pth --real more-scenes/ --output judge.safetensors
        imago eval --data scenes/ --network lite0.pth --probe judge.safetensors
      """)

  @Argument(help: "A folder of pictures whose contents are known.", completion: .directory) var data: String
  @OptionGroup var network: NetworkOption
  @Option(
    help: "Learns from every second picture as this model's autoencoder gives it back, to judge what the model draws.",
    completion: .file())
  var through: String?
  @Option(help: "Another such folder to try the probe on.", completion: .directory) var test: String?
  @Option(
    help:
      "Another, of real pictures as it will judge: what it names rightly in nine of ten there is judged by itself too.",
    completion: .directory)
  var real: String?
  @Option(help: "The file to write, .safetensors.", completion: .file()) var output: String
  @Flag(help: "Replaces the file of weights that is there; anything else stays, and is an error.") var force = false
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard output.hasSuffix(".safetensors") else {
      throw ValidationError("--output \(output): probes are written as .safetensors")
    }
  }

  private struct Report: Encodable {
    let network, path: String
    let pictures: Int
    /// Answers to each question.
    let answers: [String: Int]
    /// Things that it names in nine real pictures of ten; nil without `--real`.
    let knownWell: [String]?
    let test: [ProbeJudgement.Group]
  }

  func run() throws {
    try reportingFailures { try compute.run(precision: .f32) { try fit() } }
  }

  private func fit() throws {
    let place = try ModelPlace(URL(fileURLWithPath: output), for: .single, isReplacing: force)
    var pictures = try JudgedPictures(folder: URL(fileURLWithPath: data))
    if let through {
      var job = PictureJob()
      (job.model, job.precision) = (through, .f32)
      pictures = try pictures.half(through: LoadedPipeline(ModelChoice(job)).components, precision: .f32)
    }
    let other = try test.map { try JudgedPictures(folder: URL(fileURLWithPath: $0)) }
    let more = try real.map { try JudgedPictures(folder: URL(fileURLWithPath: $0)) }
    let network = try network.open()
    let fitted = try features(pictures, network, "features")
    var probe = try LinearProbe(fitted, network: network)
    if let more { try probe.findKnownWell(in: try features(more, network, "real")) }
    let groups = try other.map { other in
      ProbeJudgement(
        probe, generated: try features(other, network, "test", wantsHalves: true), real: nil, symmetric: nil,
        Resampling()
      ).groups
    }
    try probe.write(to: place.url)
    if compute.json {
      let answers = Dictionary(uniqueKeysWithValues: probe.questions.map { ($0, probe.answers(to: $0).count) })
      return try Terminal.json(
        Report(
          network: network.name, path: place.url.path, pictures: fitted.count, answers: answers,
          knownWell: probe.knownWell?.sorted(), test: groups ?? []))
    }
    let questions = probe.questions.map { "\($0) (\(probe.answers(to: $0).count))" }.joined(separator: ", ")
    Terminal.out("\(place.url.path): \(questions), fitted on \(fitted.count) pictures' features of \(network.name)")
    if let known = probe.knownWell {
      Terminal.out("  known well, \(known.count): \(known.sorted().joined(separator: ", "))")
    }
    for group in groups ?? [] { Terminal.out("  \(group.name): right \(group.found.text) of \(group.count)") }
  }

  private func features(
    _ pictures: JudgedPictures, _ network: any FeatureNetwork, _ label: String, wantsHalves: Bool = false
  ) throws -> PictureFeatures {
    let bar = ProgressBar(total: pictures.count, label: label, quiet: compute.quiet)
    defer { bar.finish() }
    let features = try PictureFeatures(pictures, network, wantsHalves: wantsHalves) {
      try Interruption.check()
      bar.update(done: $0)
    }
    EvalNotes.tell(features.skipped, quiet: compute.quiet)
    return features
  }
}
