using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Rewards.Remote;

/// <summary>A question about a picture in the chat-completions protocol of OpenAI, which llama.cpp, vLLM, Ollama and LM Studio speak as well.</summary>
internal static class VisionChat
{
    /// <summary>The most tokens of an answer. Source: LLaVA-server of DDPO, which answers greedily, too.</summary>
    public const int LongestAnswer = 64;

    // More than 64 tokens can be; whoever sends it did not listen.
    private const int MostLetters = 10_000;

    private const string Endpoint = "/chat/completions";

    /// <summary>Where questions go, from the address as clients of OpenAI take it, such as <c>http://127.0.0.1:8080/v1</c>; <c>/v1</c> may be missing.</summary>
    public static Uri Address(Uri root)
    {
        var path = root.AbsolutePath.TrimEnd('/');
        return path.EndsWith(Endpoint, StringComparison.Ordinal) ? root : new UriBuilder(root) { Path = $"{(path.Length == 0 ? "/v1" : path)}{Endpoint}" }.Uri;
    }

    /// <summary>The body of a request.</summary>
    /// <param name="model">The model's name at the server; null: whichever it has.</param>
    /// <param name="jpeg">The picture.</param>
    /// <param name="question">What to ask about it.</param>
    public static object Request(string? model, byte[] jpeg, string question)
    {
        var request = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["messages"] = (object[])
            [
                new
                {
                    role = "user",
                    content = (object[])
                    [
                        new { type = "image_url", image_url = new { url = $"data:image/jpeg;base64,{Convert.ToBase64String(jpeg)}" } },
                        new { type = "text", text = question },
                    ],
                },
            ],
            ["max_tokens"] = LongestAnswer,
            ["temperature"] = 0,
            ["stream"] = false,
        };
        if (model is not null)
            request["model"] = model;
        return request;
    }

    /// <summary>The text of an answer, without white space around it.</summary>
    /// <exception cref="RemoteRewardException">There is none.</exception>
    public static string Read(JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array)
            throw new RemoteRewardException($"answered something else than expected (no object with choices: '{ReadableText.Quote(answer.GetRawText())}')");
        if (choices.GetArrayLength() == 0)
            throw new RemoteRewardException("answered without a choice");
        var content = choices[0].GetProperty("message").GetProperty("content");
        var text = content.ValueKind == JsonValueKind.Null ? "" : content.GetString()!.Trim();
        return text.Length switch
        {
            0 => throw new RemoteRewardException("answered an empty text"),
            > MostLetters => throw new RemoteRewardException($"answered {text.Length} letters, asked for {LongestAnswer} tokens at most"),
            _ => text,
        };
    }
}
