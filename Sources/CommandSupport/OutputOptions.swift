import ArgumentParser

/// Where pictures go: what txt2img and img2img share.
public struct OutputOptions: ParsableArguments {
  @Option(help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} {prompt} (outputs/).")
  public var output: String?
  @Option(help: "Pictures at once.") public var batch = 1
  @Flag(help: "Leaves the parameters out of the file.") public var noMetadata = false

  public init() {}

  public func validate() throws {
    guard (1...4096).contains(batch) else { throw ValidationError("--batch \(batch): must be 1 to 4096") }
  }
}
