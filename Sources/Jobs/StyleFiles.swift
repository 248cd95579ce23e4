import Foundation
import PromptLanguage

/// Named styles from files, each read once.
public struct StyleFiles {
  /// Where styles are looked for unless a file is named.
  public static let standard = "styles.csv"
  private var known: [String: Result<PromptStyles, JobError>] = [:]

  public init() {}

  /// A prompt and a negative prompt with styles put around them, in order.
  /// - Parameter file: `styles.csv` of the working directory if nil.
  /// - Throws: `JobError` for a file that is missing or damaged, or a style that is not in it.
  public mutating func apply(
    _ names: [String], of file: String?, prompt: String, negative: String
  ) throws(JobError) -> (prompt: String, negative: String) {
    let path = file ?? Self.standard
    let styles = try known[path, default: Self.read(path)].get()
    known[path] = .success(styles)
    do {
      return try styles.apply(names, prompt: prompt, negative: negative)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  /// The job with its styles in its prompts.
  public mutating func styled(_ job: PictureJob) throws(JobError) -> PictureJob {
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
    let url = URL(fileURLWithPath: path)
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path),
      let size = attributes[.size] as? Int
    else {
      return .failure(
        .unreadable(path: path, reason: "there is no such styles file: say where styles are with --styles FILE"))
    }
    guard size <= 16 << 20, let data = try? Data(contentsOf: url), let text = String(data: data, encoding: .utf8) else {
      return .failure(.unreadable(path: path, reason: "cannot be read as UTF-8 text of at most 16 MiB"))
    }
    do {
      return .success(try PromptStyles(csv: text))
    } catch {
      return .failure(.unreadable(path: path, reason: "\(error)"))
    }
  }
}
