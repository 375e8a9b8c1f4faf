using System.Text.Json;

namespace Gatehouse.Routing.Traits;

/// <summary>Settings of the generation that are objects.</summary>
internal ref partial struct TraitsReader
{
    private static readonly TextTable<bool> NoEffort = new(("none", true), ("disabled", true));

    /// <summary>All settings of Gemini, in their own object.</summary>
    private void ReadGenerationConfig()
    {
        _settings = default;
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return;
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            switch (name)
            {
                case Name.MaxOutputTokens:
                    _settings.NewMaxOutputTokens = Count();
                    break;
                case Name.Choices:
                    _settings.Choices = Count();
                    break;
                case Name.ResponseSchema:
                    _settings.WantsStructuredOutput |= _reader.TokenType != JsonTokenType.Null;
                    ReadSize();
                    break;
                case Name.ThinkingConfig:
                    _settings.WantsReasoning = AsksForReasoning();
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }
    }

    /// <summary>A format of OpenAI or Anthropic, or the object that has it as <c>format</c>.</summary>
    private bool AsksForSchema(bool isWithin = false)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return false;
        }

        var asks = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            if (name == Name.Type && _reader.TokenType == JsonTokenType.String)
            {
                asks = Lookup(_reader, PartKinds.Table) == PartKind.JsonSchema;
            }
            else if (name == Name.Format && !isWithin)
            {
                asks = AsksForSchema(isWithin: true);
            }
            else
            {
                // Its name, its description and the schema, which the model gets to see.
                ReadSize();
            }
        }

        return asks;
    }

    /// <summary>
    /// An effort (text), or an object with one, with a budget, or that is switched on: OpenAI, Anthropic, Gemini, and those who took after them.
    /// </summary>
    private bool AsksForReasoning()
    {
        if (_reader.TokenType == JsonTokenType.String)
        {
            return IsEffort();
        }

        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return false;
        }

        var asks = false;
        var isOff = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            switch (name, _reader.TokenType)
            {
                case (Name.Effort or Name.Type, JsonTokenType.String):
                    asks |= IsEffort();
                    isOff |= !IsEffort();
                    break;
                case (Name.Enabled, JsonTokenType.True):
                    asks = true;
                    break;
                case (Name.Enabled, JsonTokenType.False):
                    isOff = true;
                    break;
                case (Name.Budget or Name.MaxTokens, JsonTokenType.Number):
                    // Gemini: -1 leaves the budget to the model, 0 is none.
                    asks |= _reader.TryGetDouble(out var budget) && budget != 0;
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }

        return asks && !isOff;
    }

    private readonly bool IsEffort() => _reader.HasValueSequence || (_reader.ValueSpan.Length > 0 && !Lookup(_reader, NoEffort));
}
