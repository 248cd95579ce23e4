/// Why an adapter cannot be used. Every description is one line that names the file.
public enum AdapterError: Error, Equatable, CustomStringConvertible {
  /// The file holds no adapter.
  case notAnAdapter(path: String, reason: String)
  /// An adapter that training cannot go on from with these settings.
  case unfit(path: String, reason: String)
  /// No key of the file belongs to a module of the model.
  case nothingMatched(path: String, keys: Int, madeFor: String, model: String)
  /// A change does not have its weight's shape.
  case wrongShape(path: String, key: String, found: [Int], weight: String, expected: [Int], madeFor: String)
  /// A module lacks a part, or its parts do not fit each other.
  case incomplete(path: String, module: String, reason: String)
  /// A kind of adapter that is not implemented.
  case unsupported(path: String, key: String, kind: String)
  /// A value that makes no sense, such as NaN.
  case badValue(path: String, key: String, reason: String)
  /// No file of that name in the adapter folders.
  case notFound(name: String, folders: [String], similar: [String])
  /// What the user wrote cannot be read.
  case badRequest(text: String, reason: String)

  public var description: String {
    switch self {
    case .notAnAdapter(let path, let reason): "\(path): not a LoRA file: \(reason)"
    case .unfit(let path, let reason): "\(path): training cannot go on from it: \(reason)"
    case .nothingMatched(let path, let keys, let madeFor, let model):
      "\(path): none of its \(keys) keys belongs to this model (\(model)); it was made for \(madeFor)"
    case .wrongShape(let path, let key, let found, let weight, let expected, let madeFor):
      "\(path): \(key.oneLine) changes a weight of shape \(found), but \(weight) has \(expected); "
        + "it was made for \(madeFor)"
    case .incomplete(let path, let module, let reason): "\(path): module \(module.oneLine): \(reason)"
    case .unsupported(let path, let key, let kind):
      "\(path): \(key.oneLine) belongs to a \(kind) adapter; LoRA, LoCon, LoHa, LoKr, DoRA and full differences "
        + "are supported"
    case .badValue(let path, let key, let reason): "\(path): \(key.oneLine) \(reason)"
    case .notFound(let name, let folders, let similar):
      "no adapter \"\(name.oneLine)\" in \(folders.isEmpty ? "any folder" : folders.joined(separator: ", "))"
        + (similar.isEmpty ? "" : "; did you mean \(similar.joined(separator: ", "))?")
        + "; looked for in \(AdapterFolders.usual), or give its path with `lora`"
    case .badRequest(let text, let reason): "\(text.oneLine): \(reason)"
    }
  }
}

extension String {
  /// The text on one line of bounded length: names in files of others hold anything.
  var oneLine: String {
    var out = String.UnicodeScalarView()
    for (index, scalar) in unicodeScalars.enumerated() {
      if index == 200 { return String(out) + "…" }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: out.append("\u{FFFD}")
      default: out.append(scalar)
      }
    }
    return String(out)
  }
}
