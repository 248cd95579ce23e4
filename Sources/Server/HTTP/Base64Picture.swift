import Foundation

/// Pictures in JSON: base64, with or without `data:image/png;base64,` before it.
enum Base64Picture {
  /// - Parameter setting: for messages.
  static func data(_ text: String, _ setting: String) throws(APIError) -> Data {
    var text = Substring(text)
    if text.hasPrefix("data:") {
      guard let comma = text.firstIndex(of: ","), text[..<comma].hasSuffix(";base64") else {
        throw APIError(.unprocessableContent, "\(setting): a data URL must be base64", setting: setting)
      }
      text = text[text.index(after: comma)...]
    }
    guard !text.hasPrefix("http:"), !text.hasPrefix("https:") else {
      throw APIError(.unprocessableContent, "\(setting): addresses are not fetched; send the picture", setting: setting)
    }
    guard let data = Data(base64Encoded: String(text), options: .ignoreUnknownCharacters), !data.isEmpty else {
      throw APIError(.unprocessableContent, "\(setting) is not base64", setting: setting)
    }
    return data
  }
}
