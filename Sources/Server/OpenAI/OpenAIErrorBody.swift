import Hummingbird

/// An error as OpenAI's API writes it.
struct OpenAIErrorBody: Encodable {
  private struct Body: Encodable {
    let message: String
    let type: String
    let param: String?
    let code: String?

    enum CodingKeys: CodingKey { case message, type, param, code }

    /// With null where there is nothing.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(message, forKey: .message)
      try container.encode(type, forKey: .type)
      try container.encode(param, forKey: .param)
      try container.encode(code, forKey: .code)
    }
  }

  private let error: Body

  init(_ error: APIError) {
    let type =
      switch error.status {
      case .unauthorized: "authentication_error"
      case _ where error.status.kind == .serverError: "server_error"
      default: "invalid_request_error"
      }
    self.error = Body(
      message: error.message, type: type, param: error.setting,
      code: error.status == .unauthorized ? "invalid_api_key" : error.kind?.rawValue)
  }
}
