import ArgumentParser
import Generation
import Jobs

/// Where pictures go: what txt2img and img2img share.
public struct OutputOptions: ParsableArguments {
  @Option(
    help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} {prompt} (outputs/).",
    completion: .file())
  public var output: String?
  @Option(parsing: .unconditional, help: "Pictures at once.", transform: whole) public var batch = 1
  @Flag(help: "Leaves the parameters out of the file.") public var noMetadata = false
  @Flag(help: "Lays a job's pictures side by side in one more picture, NAME-grid.") public var grid = false
  @Option(parsing: .unconditional, help: "Pictures in a row of the grid (a strip is one row).", transform: whole)
  public var columns: Int?
  @Option(
    parsing: .unconditional, help: "Writes a preview, NAME-step-N, after every so many steps.", transform: whole)
  public var previewEvery: Int?
  @Option(
    help: "TAESD's file or folder for the previews (the model's own autoencoder, which takes longer).",
    completion: .file())
  public var taesd: String?
  @Flag(help: "Tries pictures that seem to need more memory than is free.") public var ignoreMemory = false

  public init() {}

  public func validate() throws {
    _ = try wrongUsage { try OutputNaming(output, count: 1) }
    guard (1...4096).contains(batch) else { throw ValidationError("--batch \(batch): must be 1 to 4096") }
    if let previewEvery, !(1...1000).contains(previewEvery) {
      throw ValidationError("--preview-every \(previewEvery): must be 1 to 1000")
    }
    if taesd != nil, previewEvery == nil {
      throw ValidationError("--taesd belongs to --preview-every; --vae decodes the result with it")
    }
    if let columns {
      guard grid else { throw ValidationError("--columns belongs to --grid") }
      guard (1...1000).contains(columns) else { throw ValidationError("--columns \(columns): must be 1 to 1000") }
    }
  }

  /// Throws for flags that have nothing to act on.
  /// - Parameter job: all that is known of the only job.
  public func checkUse(in job: PictureJob) throws {
    if grid, job.frames == nil, (job.count ?? 1) == 1 {
      throw JobError.idle(name: "--grid", needs: "more than one picture: --count or --frames")
    }
    if let previewEvery, let steps = job.steps, previewEvery > steps {
      throw JobError.idle(name: "--preview-every", needs: "as many steps: the picture has \(steps)")
    }
  }
}
