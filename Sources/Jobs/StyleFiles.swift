import Files
import Foundation
import PromptLanguage

/// Named styles from files, each read once.
public struct StyleFiles {
  /// Where styles are looked for unless a file is named.
  public static let standard = "styles.csv"
  private var known: [String: Result<PromptStyles, JobError>] = [:]
  /// Rows of the files read that are left out, a line each.
  public private(set) var notes: [String] = []

  public init() {}

  /// A prompt and a negative prompt with styles put around them, in order.
  /// - Parameter file: `styles.csv` of the working directory if nil.
  /// - Throws: `JobError` for a file that is missing or damaged, or a style that is not in it.
  public mutating func apply(
    _ names: [String], of file: String?, prompt: String, negative: String
  ) throws(JobError) -> (prompt: String, negative: String) {
    let path = file ?? Self.standard
    let styles = try styles(of: path)
    do {
      return try styles.apply(names, prompt: prompt, negative: negative)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  /// A file's styles.
  private mutating func styles(of path: String) throws(JobError) -> PromptStyles {
    if let known = known[path] { return try known.get() }
    let read = Self.read(path)
    known[path] = read
    if case .success(let styles) = read {
      notes += styles.problems.map { "\(path):\($0.line): \($0.reason), so this style is left out" }
    }
    return try read.get()
  }

  /// The job with its styles in its prompts. A file that is named is read whether or not one of its styles is.
  public mutating func styled(_ job: PictureJob) throws(JobError) -> PictureJob {
    if let path = job.stylesFile { _ = try styles(of: path) }
    guard let names = job.styles, !names.isEmpty else { return job }
    var styled = job
    let texts = try apply(
      names, of: job.stylesFile, prompt: job.prompt ?? "", negative: job.negativePrompt ?? "")
    styled.prompt = texts.prompt
    styled.negativePrompt = texts.negative.isEmpty ? job.negativePrompt : texts.negative
    (styled.styles, styled.stylesFile) = (nil, nil)
    return styled
  }

  private static func read(_ path: String) -> Result<PromptStyles, JobError> {
    guard FileManager.default.fileExists(atPath: path) else {
      return .failure(
        .unreadable(path: path, reason: "there is no such styles file: say where styles are with `styles-file` FILE"))
    }
    do {
      let file = try TextFile(URL(fileURLWithPath: path), limit: 16 << 20)
      return .success(try PromptStyles(file))
    } catch let error as TextFileError {
      return .failure(.unreadable(path: path, reason: error.reason))
    } catch {
      return .failure(.unreadable(path: path, reason: "\(error)"))
    }
  }
}
