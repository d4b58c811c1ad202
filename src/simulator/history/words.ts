// What generated people are called and what they write.
import type { Dice } from './dice.ts';

const FIRST =
  'Ana Bruno Carla Diego Elisa Fábio Gabi Hugo Inês João Kátia Lucas Marta Nuno Olga Paulo Rita Sérgio Tânia Vítor'.split(
    ' ',
  );
const LAST =
  'Almeida Barros Campos Dias Esteves Faria Gomes Lima Moreira Nunes Oliveira Pinto Reis Silva Teixeira Vieira'.split(
    ' ',
  );
const GROUPS =
  'Família, Futebol de quinta, Turma 2008, Condomínio, Projeto Norte, Viagem, Vizinhos, Escola, Trabalho, Churrasco'.split(
    ', ',
  );
const WORDS =
  'sim não talvez hoje amanhã logo agora já ok obrigado claro combinado chego em dez minutos manda a foto do documento que eu vejo depois do almoço liga quando puder abraço beijo 😀 👍 ❤️ kkkk'.split(
    ' ',
  );
export const EMOJIS: readonly string[] = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

export function personName(dice: Dice): string {
  return `${dice.pick(FIRST)} ${dice.pick(LAST)}`;
}

export function groupName(dice: Dice, number: number): string {
  return `${dice.pick(GROUPS)} ${number + 1}`;
}

export function sentence(dice: Dice): string {
  const words = Array.from({ length: 2 + dice.below(10) }, () => dice.pick(WORDS));
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
